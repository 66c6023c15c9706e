"""A rolling restart and a growing group under load: nobody notices, and everything counts once."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.chaos.fleet import asking, crowd_of, fleet, open_deployment, ordering
from tests.chaos.kills import PATIENCE_SECONDS
from tests.chaos.sums import orders_add_up, redemptions_add_up
from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.stack import Home

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

BUYERS = [f"m{n}" for n in range(200)]


async def test_no_client_notices_a_rolling_restart(
    database: Database, kafka: KafkaHandle, home: Home
) -> None:
    books = await open_deployment(database, kafka, BUYERS)
    async with fleet(books, home, ("relay", "earn", "redeem")) as services:
        crowd = crowd_of(services, BUYERS, redemptions=20)
        async with ordering(books, rate=100, seed=61), asking(crowd) as tales:
            await books.until_read(200)
            await asyncio.gather(*(replicas.restart() for replicas in services.values()))
        await books.until_done()
    (tale,) = tales
    assert tale.errors == []
    assert tale.statuses.keys() == {"POST 201"}
    assert await orders_add_up(books) > 200
    await redemptions_add_up(books.database, tale.statuses["POST 201"])
    await books.check_published()


async def test_a_group_grows_to_four_processes_and_shrinks_again(
    books: Books, place: Place
) -> None:
    async with (
        place.service("relay") as relay,
        place.service("earn") as first,
        AsyncExitStack() as stack,
    ):
        await relay.until_ready(patience_seconds=PATIENCE_SECONDS)
        await first.until_ready(patience_seconds=PATIENCE_SECONDS)
        async with ordering(books, rate=400, seed=62):
            await books.until_read(200)
            others = [await stack.enter_async_context(place.service("earn")) for _ in range(3)]
            for other in others:
                await other.until_ready(patience_seconds=PATIENCE_SECONDS)
            await books.until_read(200, more=True)
            for other in others:
                await other.drain()
            await books.until_read(200, more=True)
        await books.until_done()
        assert first.running
    assert await orders_add_up(books) > 400
    await books.check_published()
