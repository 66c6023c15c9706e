"""The database is set back to an earlier state under running services."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from tests.chaos.servers import Victim, copy_data
from tests.integration.consuming.shop import place_of, send, world_of
from tests.integration.earn.desk import standings, teller
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import stories
from tests.support.stack import Home

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


@pytest.mark.parametrize("quiet", [True, False], ids=["quiet", "busy"])
async def test_lost_time_is_told_again_without_a_restart(
    victim: Victim, kafka: KafkaHandle, home: Home, *, quiet: bool
) -> None:
    told = stories(61 + quiet, members=150, events=4_000, contested=False)
    later = len(told) if quiet else 3_000
    async with AsyncExitStack() as stack:
        server, backup = victim.server, home.folder / "backup"
        books = await stack.enter_async_context(victim.books(kafka))
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


async def test_a_reversal_from_lost_time_takes_nothing_that_was_not_given(
    database: Database,
) -> None:
    """Follow-ups of the time that was lost are still in Kafka, and may be read first."""
    order = {"order_id": "o1", "member_id": "friend", "currency": "CNY"}
    at = "2026-01-01T10:00:00Z"
    reversal = {
        "member_id": "sharer",
        "friend_id": "friend",
        "order_id": "o1",
        "refund_id": "r1",
        "points": 50,
        "expires_on": "2027-01-31",
        "refunded_at": at,
    }
    refund = {"refund_id": "r1", "refunded_at": at, "amount_minor": 1_000}
    line = {"line_id": "1", "sku": "mug", "quantity": 1, "paid_minor": 1_000}
    share = {"share_id": "s1", "friend_id": "friend", "order_id": "o1", "ordered_at": at}
    earn = await teller(database)
    await earn.writer.write(
        [earn.command("o1/bonus-reversed", "share.bonus-reversed.v1", json.dumps(reversal))]
    )
    await earn.tell(
        [
            ("order.paid.v1", {**order, "paid_at": at, "lines": [line]}),
            ("order.refunded.v1", {"order_id": "o1", "member_id": "friend", **refund}),
            ("share.ordered.v1", {"member_id": "sharer", **share}),
        ]
    )
    await earn.writer.close()
    assert (await standings(database))["sharer"] == (0, {})
