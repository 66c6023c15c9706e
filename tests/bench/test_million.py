"""A million orders: the memory of earn while it applies them, and the audit of what they left."""

import asyncio
from contextlib import AsyncExitStack

import psutil
import pytest

from shared.platform.clock import monotonic
from tests.bench.load import orders, produce
from tests.bench.report import say
from tests.bench.steady import audit
from tests.integration.consuming.crew import Service
from tests.integration.consuming.shop import Books, open_books, place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import PostgresHandle
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]

EVENTS = 1_000_000
STEPS = 10
MOST_MB = 200


async def test_memory_and_audit(postgres: PostgresHandle, kafka: KafkaHandle, home: Home) -> None:
    async with postgres.database() as database:
        books = await open_books(database, kafka)
        await asyncio.to_thread(produce, books.bootstrap, orders(EVENTS))
        place = place_of(books, home.folder)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(place.service("relay"))
            earns = [await stack.enter_async_context(place.service("earn")) for _ in range(2)]
            resident = [await _resident(books, earns, step) for step in range(1, STEPS + 1)]
            await books.until_done()
        seconds = await _audit(books)
        rows = await books.fetch("SELECT count(*) AS entries FROM ledger.entry")
    say(
        "",
        f"earn over {EVENTS:,} events: resident MB of the larger process at each tenth:",
        ", ".join(f"{one:.0f}" for one in resident),
        f"audit verify: {rows[0]['entries'] / seconds:,.0f} entries/s on an idle system",
    )
    assert max(resident) < MOST_MB


async def _resident(books: Books, earns: list[Service], step: int) -> float:
    await books.until_read(EVENTS * step // STEPS, patience_seconds=1_200)
    return max(psutil.Process(earn.process.pid).memory_info().rss for earn in earns) / 1e6


async def _audit(books: Books) -> float:
    started = monotonic()
    assert await audit(books) == 0
    return monotonic() - started
