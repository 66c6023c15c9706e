"""Consumers that come, go, sleep and wake up again: every event counts once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books, send, world_of
from tests.support.databases import PostgresHandle
from tests.support.model import stories

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]

OPEN = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'jifen-earn'
"""


@asynccontextmanager
async def away(server: PostgresHandle, database: str) -> AsyncIterator[None]:
    """Close a database to everybody for as long as the context lasts."""
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database
        )
        yield
    finally:
        await connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        await connection.close()


async def test_a_second_process_joins_and_leaves_while_events_flow(
    books: Books, place: Place
) -> None:
    told = stories(31, members=200, events=6_000, contested=False)
    async with place.service("relay"), place.service("earn") as first:
        await first.until_logged("partitions assigned")
        await asyncio.to_thread(send, books.bootstrap, told[:2_000])
        async with place.service("earn") as second:
            await second.until_logged("partitions assigned")
            await first.until_logged("partitions assigned", times=2)
            await asyncio.to_thread(send, books.bootstrap, told[2_000:4_000], first=2_000)
            await second.drain()
        await asyncio.to_thread(send, books.bootstrap, told[4_000:], first=4_000)
        await first.until_logged("partitions assigned", times=3)
        await books.until_done()
        assert first.running
    await books.check(world_of(told))


async def test_a_stopped_process_wakes_after_its_partitions_went_elsewhere(
    books: Books, place: Place
) -> None:
    told = stories(32, members=200, events=9_000, contested=False)
    async with place.service("relay"), place.service("earn") as sleeper:
        await sleeper.until_logged("partitions assigned")
        await asyncio.to_thread(send, books.bootstrap, told[:6_000])
        await books.until_read(1_000)
        sleeper.send(signal.SIGSTOP)
        async with place.service("earn") as other:
            await other.until_logged("partitions assigned")
            await books.until_done()
            sleeper.send(signal.SIGCONT)
            await asyncio.to_thread(send, books.bootstrap, told[6_000:], first=6_000)
            # It learns that it lost its place, joins again and shares the work.
            await sleeper.until_logged("partitions assigned", times=2)
            await other.until_logged("partitions assigned", times=2)
            await books.until_done()
            assert other.running
            await sleeper.until_ready()
    await books.check(world_of(told))


async def test_a_process_that_is_asked_to_stop_leaves_no_batch_behind(
    books: Books, place: Place
) -> None:
    told = stories(33, members=200, events=6_000, contested=False)
    await asyncio.to_thread(send, books.bootstrap, told)
    async with place.service("earn") as first:
        await books.until_read(500)
        await first.drain()
        offsets = await books.offsets()
        assert await books.fetch(OPEN) == []
        assert sum(offsets.values()) < len(told), "it was to be stopped in the middle"
    async with place.service("relay"), place.service("earn"):
        await books.until_done()
    await books.check(world_of(told))


async def test_without_a_database_a_process_still_stops_when_asked(
    books: Books, place: Place, postgres: PostgresHandle
) -> None:
    told = stories(34, members=20, events=500, contested=False)
    async with place.service("earn") as earn:
        await earn.until_ready()
        async with away(postgres, books.database.name):
            await asyncio.to_thread(send, books.bootstrap, told)
            await earn.until_logged("database not reachable", times=3)
            await earn.drain(patience_seconds=20)
    async with place.service("relay"), place.service("earn"):
        await books.until_done()
    await books.check(world_of(told))
