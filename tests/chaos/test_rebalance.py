"""Consumers that come, go, sleep and wake up again: every event counts once."""

import asyncio
import signal

import pytest

from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books, send, world_of
from tests.support.model import stories

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


async def test_a_second_process_joins_and_leaves_while_events_flow(
    books: Books, place: Place
) -> None:
    told = stories(31, members=200, events=9_000, contested=False)
    async with place.service("relay"), place.service("earn") as first:
        await first.until_logged("partitions assigned")
        await asyncio.to_thread(send, books.bootstrap, told[:3_000])
        async with place.service("earn") as second:
            await second.until_logged("partitions assigned")
            await first.until_logged("partitions assigned", times=2)
            await asyncio.to_thread(send, books.bootstrap, told[3_000:6_000], first=3_000)
            await second.drain()
        await asyncio.to_thread(send, books.bootstrap, told[6_000:], first=6_000)
        await first.until_logged("partitions assigned", times=3)
        await books.until_done()
        assert first.running
    await books.check(world_of(told))
