"""The database is set back to an earlier state under running services."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.chaos.servers import books_on, copy_data, own_postgres
from tests.integration.consuming.shop import place_of, send, world_of
from tests.support.brokers import KafkaHandle
from tests.support.model import stories
from tests.support.stack import Home

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


@pytest.mark.parametrize("quiet", [True, False], ids=["quiet", "busy"])
async def test_lost_time_is_told_again_without_a_restart(
    kafka: KafkaHandle, home: Home, *, quiet: bool
) -> None:
    told = stories(61 + quiet, members=150, events=6_000, contested=False)
    later = len(told) if quiet else 4_500
    async with AsyncExitStack() as stack:
        server = stack.enter_context(own_postgres(home, f"restored-{quiet}"))
        backup = home.folder / f"backup-{quiet}"
        books = await stack.enter_async_context(books_on(server, kafka))
        place = place_of(books, home.folder)
        relay = await stack.enter_async_context(place.service("relay"))
        earn = await stack.enter_async_context(place.service("earn"))
        await asyncio.to_thread(send, books.bootstrap, told[:2_000])
        await books.until_done()
        server.stop()
        copy_data(server.config.data, backup)
        server.start()
        await asyncio.to_thread(send, books.bootstrap, told[2_000:later], first=2_000)
        await books.until_done()
        server.stop()
        copy_data(backup, server.config.data)
        server.start()
        # Quiet: nothing is ever told again that would make it look.
        await asyncio.to_thread(send, books.bootstrap, told[later:], first=later)
        await earn.until_logged("offsets were moved by somebody else")
        await books.until_done()
        assert earn.running
        assert relay.running
        await earn.until_ready()
        # Numbers of lines were used twice, so the topic can't be compared by them here.
        await books.check(world_of(told), published=False)
