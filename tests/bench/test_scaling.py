"""Earn with one to four processes while a backlog is read: what each brings, what joining costs."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from services.earn.handlers import GROUP
from shared.platform.clock import monotonic
from tests.bench.load import orders, produce
from tests.bench.pauses import watching
from tests.bench.report import say
from tests.chaos.kills import read_so_far
from tests.chaos.sums import orders_add_up
from tests.integration.consuming.crew import Service
from tests.integration.consuming.shop import Books, open_books, place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import PostgresHandle
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

BACKLOG = 300_000
WINDOW = 25_000
"""Orders read between two looks at the clock."""

PROCESSES = 4
PAUSE_SECONDS = 5.0
NOISE = 0.8
"""On two cores more processes bring little; what they may not do is cost."""


async def test_growing(postgres: PostgresHandle, kafka: KafkaHandle, home: Home) -> None:
    async with postgres.database() as database:
        books = await open_books(database, kafka)
        await asyncio.to_thread(produce, books.bootstrap, orders(BACKLOG, seed=81))
        place = place_of(books, home.folder)
        steady: list[float] = []
        joining: list[float] = []
        async with AsyncExitStack() as stack, watching(books) as pauses:
            await (await stack.enter_async_context(place.service("relay"))).until_ready()
            earns: list[Service] = []
            for _ in range(PROCESSES):
                begun = monotonic(), await read_so_far(books.database, GROUP)
                earns.append(await stack.enter_async_context(place.service("earn")))
                await _settled(earns)
                joining.append(await _rate(books, *begun))
                steady.append(await _window(books))
            for earn in earns[1:]:
                await earn.drain()
            again = await _window(books)
            await books.until_done()
        assert await orders_add_up(books) == BACKLOG
        await books.check_published()
    say(
        "",
        f"earn with 1 to {PROCESSES} processes, windows of {WINDOW:,} orders of a backlog;"
        f" load average {os.getloadavg()[0]:.1f}",
        *_table(steady, joining),
        f"1 process again              {again:>10,.0f}/s  {again / steady[0]:.2f} x",
        pauses.spelt(),
        f"{BACKLOG:,} orders add up, each counted and announced once",
    )
    assert pauses.still_seconds <= PAUSE_SECONDS
    assert min(steady) >= NOISE * steady[0]


def _table(steady: Sequence[float], joining: Sequence[float]) -> list[str]:
    return [
        f"{number} process{'es' if number > 1 else '  '}                  {rate:>10,.0f}/s"
        f"  {rate / steady[0]:.2f} x   while the last one joined {joined:,.0f}/s"
        for number, (rate, joined) in enumerate(zip(steady, joining, strict=True), start=1)
    ]


async def _settled(earns: Sequence[Service]) -> None:
    """Wait until the newest has its share, and the first knows of it."""
    await earns[-1].until_logged("partitions assigned")
    await earns[0].until_logged("partitions assigned", times=len(earns))


async def _window(books: Books) -> float:
    started, read = monotonic(), await read_so_far(books.database, GROUP)
    assert read + WINDOW < BACKLOG, "the backlog is too small for this machine"
    await books.until_read(read + WINDOW)
    return await _rate(books, started, read)


async def _rate(books: Books, started: float, read: int) -> float:
    return (await read_so_far(books.database, GROUP) - read) / (monotonic() - started)
