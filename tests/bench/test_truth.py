"""Earning over a ledger of a million members, with and without somebody recomputing all of it."""

import asyncio
from contextlib import AsyncExitStack
from datetime import date
from statistics import median

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.platform.clock import monotonic
from tests.bench.due import make_due
from tests.bench.load import orders, produce
from tests.bench.report import interpreter, per_second, say
from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import ALL_TOPICS, Books
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle
from tests.support.earning import give_program
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]

WARM = 2_000
FAR = date(8999, 12, 31)
"""Nobody's points end while this is measured."""

_PROGRESS = """
SELECT coalesce(sum(members), 0) AS members, coalesce(sum(entries), 0) AS entries,
    (SELECT count(*) FROM audit.wrong) AS wrong
FROM audit.round
"""


class Extent(BaseSettings):
    """How much is measured (JIFEN_BENCH_TRUTH_...)."""

    model_config = SettingsConfigDict(env_prefix="JIFEN_BENCH_TRUTH_", frozen=True)

    members: int = 1_000_000
    orders: int = 1_200_000
    windows: int = 6
    window_seconds: float = 8
    # Of earning's speed alone; say less where a busy machine makes figures mean little.
    least: float = 0.95


async def test_earning_beside_the_audit(
    postgres: PostgresHandle, kafka: KafkaHandle, home: Home
) -> None:
    """Windows with and without take turns, so that what changes with time changes both alike."""
    extent = Extent()
    alone: list[float] = []
    beside: list[float] = []
    members: list[float] = []
    async with postgres.database() as database, AsyncExitStack() as stack:
        books = await _crowd(database, kafka, extent)
        place = _place(database, home, books.bootstrap)
        for name in ("relay", "earn", "earn"):
            await stack.enter_async_context(place.service(name))
        await books.until_read(WARM)
        for _ in range(extent.windows):
            alone.append(await _window(books, extent))
            async with place.service("audit") as audit:
                await audit.until_logged("leads")
                before, began = await _audited(books), monotonic()
                beside.append(await _window(books, extent))
                members.append((await _audited(books) - before) / (monotonic() - began))
                await audit.drain()
        assert await _read(books) < extent.orders, "there were too few orders to measure"
    ratio = median(with_it / without for without, with_it in zip(alone, beside, strict=True))
    round_minutes = extent.members / median(members) / 60
    say(
        "",
        f"earning, two processes, orders of {extent.members:,} members; {extent.windows} windows of"
        f" {extent.window_seconds:g} s each way, taking turns",
        interpreter(),
        per_second("alone", alone),
        per_second("beside the audit", beside),
        per_second("members audited", members),
        f"beside the audit at {ratio:.3f} of its speed, median of pairs of windows;"
        f" a round would take {round_minutes:.0f} min",
    )
    assert ratio >= extent.least


async def _crowd(database: Database, kafka: KafkaHandle, extent: Extent) -> Books:
    """Make the members, and a backlog of their orders that outlasts the measuring."""
    await kafka.fresh_topics(*ALL_TOPICS)
    await give_program(database)
    await make_due(database, extent.members, ends=FAR)
    told = orders(extent.orders, members=extent.members)
    await asyncio.to_thread(produce, kafka.bootstrap, told)
    return Books(database=database, bootstrap=kafka.bootstrap)


async def _window(books: Books, extent: Extent) -> float:
    """Return the orders that were committed per second of a window."""
    before, began = await _read(books), monotonic()
    await asyncio.sleep(extent.window_seconds)
    return (await _read(books) - before) / (monotonic() - began)


async def _read(books: Books) -> int:
    rows = await books.fetch("SELECT sum(next_offset) AS read FROM messaging.consumer_offset")
    return int(rows[0]["read"] or 0)


async def _audited(books: Books) -> int:
    """Count the members that were recomputed; none may have been found wrong."""
    ((members, _, wrong),) = await books.fetch(_PROGRESS)
    assert wrong == 0
    return int(members)


def _place(database: Database, home: Home, bootstrap: str) -> Place:
    urls = {name: database.dsn(f"jifen_{name}") for name in ("audit", "earn", "relay")}
    return Place(urls=urls, bootstrap=bootstrap, folder=home.folder)
