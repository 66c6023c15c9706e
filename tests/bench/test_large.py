"""Earning on a ledger of ten million entries, beside earning on an empty one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median

import pytest

from shared.platform.clock import monotonic
from tests.bench.load import orders, produce
from tests.bench.past import make_past
from tests.bench.report import per_second, say
from tests.integration.consuming.shop import Books, open_books, place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import PostgresHandle
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]

MEMBERS = 1_000_000
EVENTS, WINDOWS = 60_000, 3
WARM = 10_000


async def test_a_large_ledger(postgres: PostgresHandle, kafka: KafkaHandle, home: Home) -> None:
    async with _shop(postgres, kafka) as books:
        empty = await _rates(books, home)
    async with _shop(postgres, kafka) as books:
        began = monotonic()
        entries = await make_past(books.database, MEMBERS)
        filled_seconds = monotonic() - began
        large = await _rates(books, home)
    say(
        "",
        f"earn: orders of {MEMBERS:,} members, {WINDOWS} windows of {EVENTS:,} each",
        per_second(f"{entries:,} entries", large),
        per_second("an empty ledger", empty, median(large)),
        f"(the large one was filled in {filled_seconds:.0f} s)",
    )
    assert median(large) > median(empty) / 2


@asynccontextmanager
async def _shop(postgres: PostgresHandle, kafka: KafkaHandle) -> AsyncIterator[Books]:
    async with postgres.database() as database:
        yield await open_books(database, kafka)


async def _rates(books: Books, home: Home) -> list[float]:
    """Orders read and committed per second, with two processes and the relay, in each window."""
    told = orders(WARM + EVENTS * WINDOWS, members=MEMBERS)
    await asyncio.to_thread(produce, books.bootstrap, told)
    place, rates = place_of(books, home.folder), []
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(place.service("relay"))
        await relay.until_ready()
        for _ in range(2):
            await stack.enter_async_context(place.service("earn"))
        await books.until_read(WARM)
        for window in range(WINDOWS):
            began = monotonic()
            await books.until_read(WARM + EVENTS * (window + 1))
            rates.append(EVENTS / (monotonic() - began))
    return rates
