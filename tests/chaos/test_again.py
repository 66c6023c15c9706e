"""The same topics read again: everything is a duplicate, and nothing changes."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from services.earn.handlers import GROUP, TOPICS
from shared.contract.topics import PARTITIONS
from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books, send, world_of
from tests.support.model import stories

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]

FORGET = "DELETE FROM messaging.consumer_offset"
OTHER_CLUSTER = "UPDATE messaging.consumer_offset SET cluster_id = 'a-cluster-that-was'"
BEYOND = "UPDATE messaging.consumer_offset SET next_offset = next_offset + 1000000"
BACK = "UPDATE messaging.consumer_offset SET next_offset = 0"
_HISTORY = "SELECT member_id, seq, cause, points FROM ledger.entry ORDER BY member_id, seq"


async def history(books: Books) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in await books.fetch(_HISTORY)]


async def test_a_restart_reads_from_the_beginning(books: Books, place: Place) -> None:
    told = stories(41, members=60, events=1_000, contested=False)
    await asyncio.to_thread(send, books.bootstrap, told)
    async with place.service("relay"):
        async with place.service("earn") as first:
            await books.until_done()
            await first.drain()
        before, offsets = await history(books), await books.offsets()
        for what in (FORGET, OTHER_CLUSTER, BEYOND):
            await books.fetch(what)
            async with place.service("earn") as next_one:
                await next_one.until_logged("partitions assigned")
                assert next_one.count("reading a partition from its earliest record") == 32
                await books.until_done(relayed=False)
                await next_one.drain()
            assert await books.offsets() == offsets
    assert await history(books) == before
    await books.check(world_of(told))


async def test_offsets_moved_under_a_quiet_process_are_noticed(books: Books, place: Place) -> None:
    told = stories(42, members=60, events=1_000, contested=False)
    await asyncio.to_thread(send, books.bootstrap, told)
    async with place.service("relay"), place.service("earn") as earn:
        await books.until_done()
        before = await history(books)
        for times, what in enumerate([BACK, FORGET], 1):
            await books.fetch(what)
            await earn.until_logged("offsets were moved by somebody else", times=times)
            await earn.until_logged("partitions assigned", times=1 + times)
            await books.until_done()
        assert await history(books) == before
        await earn.until_ready()
    await books.check(world_of(told))


async def test_what_the_broker_no_longer_has_is_left_out(books: Books, place: Place) -> None:
    told = stories(43, members=60, events=1_000, contested=False)
    await asyncio.to_thread(send, books.bootstrap, told[:500])
    async with place.service("relay"), place.service("earn") as earn:
        await books.until_done()
        await earn.drain()
    await books.fetch(BACK)
    await delete_records(books.bootstrap, await books.ends())
    await asyncio.to_thread(send, books.bootstrap, told[500:], first=500)
    async with place.service("relay"), place.service("earn"):
        await books.until_done()
    rows = await books.fetch("SELECT 1 FROM messaging.consumer_offset WHERE group_name = $1", GROUP)
    assert len(rows) == len(TOPICS) * PARTITIONS
    await books.check(world_of(told))


async def delete_records(bootstrap: str, ends: dict[TopicPartition, int]) -> None:
    """Let the broker forget the beginning of partitions, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_records(
            {at: RecordsToDelete(before_offset=end) for at, end in ends.items() if end}
        )
    finally:
        await admin.close()
