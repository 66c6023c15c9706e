"""Everybody's points end on one day: members swept per second, and a million beside earning."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.expiry.store import BUCKETS
from shared.platform.clock import monotonic
from shared.platform.postgres import Connection
from tests.bench.cpu import Part, listening, measure
from tests.bench.due import END, give_fixed_date, make_due
from tests.bench.load import orders, produce
from tests.bench.report import cpu_table, interpreter, per_second, say
from tests.bench.steady import audit
from tests.bench.sweep_rivals import FLOOR_CONNECTIONS, NAIVE_CONNECTIONS, PAGE
from tests.integration.consuming.crew import Place, Service
from tests.integration.consuming.shop import ALL_TOPICS, Books
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle, owner_of
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800)]

ROOT = Path(__file__).parents[2]
WARM = 2_000

_PROGRESS = """
SELECT count(*) FILTER (WHERE after_date > '-infinity') AS begun,
    count(*) FILTER (WHERE after_date > $1) AS through
FROM expiry.bucket
"""
_LEFT = """
SELECT (SELECT count(*) FROM ledger.lot WHERE expires_on = $1 AND points > 0) AS lots,
    (SELECT count(*) FROM ledger.entry WHERE kind = 'expired') AS entries,
    (SELECT sum(expired) FROM ledger.account) AS points
"""


class Extent(BaseSettings):
    """How much is measured (JIFEN_BENCH_SWEEP_...)."""

    model_config = SettingsConfigDict(env_prefix="JIFEN_BENCH_SWEEP_", frozen=True)

    members: int = 100_000
    naive_members: int = 10_000
    runs: int = 3
    crowd: int = 1_000_000
    orders: int = 350_000
    window_seconds: int = 20


@dataclass(slots=True, kw_only=True)
class Sweep:
    """A sweep in progress: how far it is, and the resident MB of its process along the way."""

    owner: Connection
    expiry: Service
    memory: list[float] = field(default_factory=list)

    async def parts(self, column: str) -> int:
        """Count the parts of the members that are `begun` or `through`."""
        self.memory.append(psutil.Process(self.expiry.process.pid).memory_info().rss / 1e6)
        return int((await _ask(self.owner, _PROGRESS))[column])

    async def until(self, column: str, parts: int) -> None:
        while await self.parts(column) < parts:  # noqa: ASYNC110 - asked of the database
            await asyncio.sleep(0.05)

    def told(self) -> str:
        """Spell the memory at the beginning, in the middle and at the end."""
        first, last = self.memory[len(self.memory) // 20], self.memory[-1]
        return f"{first:.0f}, {self.memory[len(self.memory) // 2]:.0f}, {last:.0f}"

    def is_flat(self) -> bool:
        return self.memory[-1] < self.memory[len(self.memory) // 20] * 1.3


async def test_sweep(postgres: PostgresHandle, home: Home) -> None:
    extent = Extent()
    ours: list[float] = []
    floors: list[float] = []
    naives: list[float] = []
    spent: dict[str, list[float]] = {}
    for _ in range(extent.runs):
        rate, cpu = await _ours(postgres, home, extent.members)
        ours.append(rate)
        for name, seconds in cpu.items():
            spent.setdefault(name, []).append(seconds / extent.members * 1e6)
        floors.append(await _rival(postgres, "floor", extent.members))
        naives.append(await _rival(postgres, "naive", extent.naive_members))
    middle = median(ours)
    say(
        "",
        f"sweep: {extent.members:,} members due on one date, a process of two workers"
        f" that give no way, medians of {extent.runs}",
        interpreter(),
        per_second("members swept", ours),
        per_second("floor: an UPDATE per page", floors, middle),
        per_second("one transaction per member", naives, middle),
        f"(floor: lots alone, pages of {PAGE}, {FLOOR_CONNECTIONS} connections; naive: entries,"
        f" accounts, outbox, too, {NAIVE_CONNECTIONS} connections)",
    )
    cpu_table("where the time goes", {name: median(values) for name, values in spent.items()})
    assert middle > median(naives)


async def test_a_million_on_one_day_beside_earning(
    postgres: PostgresHandle, kafka: KafkaHandle, home: Home
) -> None:
    """Earning joins when a quarter is swept, and is measured alone when all is."""
    extent = Extent()
    async with postgres.database() as database, AsyncExitStack() as stack:
        books = await _crowd(database, kafka, extent)
        place = _place(database, home, books.bootstrap)
        relay = await stack.enter_async_context(place.service("relay"))
        await relay.until_ready()
        async with _sweeping(place, database) as sweep:
            began = monotonic()
            await sweep.until("through", BUCKETS // 4)
            alone = extent.crowd / 4 / (monotonic() - began)
            beside = await _earning(place, books, extent, during=sweep)
            await sweep.until("through", BUCKETS)
            seconds = monotonic() - began
            await sweep.expiry.drain()
        while await books.waiting():  # noqa: ASYNC110 - asked of the database
            await asyncio.sleep(0.2)
        own = await _earning(place, books, extent)
        await _all_went_once(books, extent.crowd)
    say(
        "",
        f"{extent.crowd:,} members due on 31 December, earning and the relay beside",
        f"swept in {seconds:.0f} s, at {alone:,.0f}/s before earning began",
        f"resident MB of the sweep at first, in the middle, at last: {sweep.told()}",
        f"earning, two processes, orders of the same members: {beside:,.0f}/s beside the sweep,"
        f" {own:,.0f}/s alone: {beside / own:.2f} of its speed",
    )
    assert sweep.is_flat()
    assert beside > own / 2


async def _crowd(database: Database, kafka: KafkaHandle, extent: Extent) -> Books:
    """Make the members, and a backlog of their orders that outlasts the measuring."""
    await kafka.fresh_topics(*ALL_TOPICS, "reminders.v1")
    await make_due(database, extent.crowd)
    told = orders(extent.orders, members=extent.crowd)
    await asyncio.to_thread(produce, kafka.bootstrap, told)
    return Books(database=database, bootstrap=kafka.bootstrap)


async def _earning(
    place: Place, books: Books, extent: Extent, *, during: Sweep | None = None
) -> float:
    """Orders that two processes commit per second, for a while, of a sweep if there is one."""
    async with AsyncExitStack() as stack:
        earns = [await stack.enter_async_context(place.service("earn")) for _ in range(2)]
        await books.until_read(await _read(books) + WARM)
        before, began = await _read(books), monotonic()
        while monotonic() - began < extent.window_seconds:
            if during and await during.parts("through") == BUCKETS:
                break
            await asyncio.sleep(0.05)
        read, seconds = await _read(books), monotonic() - began
        assert read < extent.orders, "there were too few orders to measure"
        await asyncio.gather(*[earn.drain() for earn in earns])
    return (read - before) / seconds


async def _read(books: Books) -> int:
    rows = await books.fetch("SELECT sum(next_offset) AS read FROM messaging.consumer_offset")
    return int(rows[0]["read"] or 0)


async def _all_went_once(books: Books, members: int) -> None:
    """Everybody lost what was due, once, whoever took it; and every chain and sum holds."""
    async with books.connected() as owner:
        left = await _ask(owner, _LEFT)
    assert (left["lots"], left["entries"], left["points"]) == (0, members, -60 * members)
    assert await audit(books) == 0


@asynccontextmanager
async def _sweeping(place: Place, database: Database, **environment: str) -> AsyncIterator[Sweep]:
    """Run expiry, and yield when it has begun."""
    async with place.service("expiry", **environment) as expiry, owner_of(database) as owner:
        await expiry.until_logged("leads")
        # Without a program nothing has a date: giving one starts the clock.
        await give_fixed_date(database)
        sweep = Sweep(owner=owner, expiry=expiry)
        await sweep.until("begun", 1)
        yield sweep


async def _ours(
    postgres: PostgresHandle, home: Home, members: int
) -> tuple[float, dict[str, float]]:
    """Return members swept per second, and CPU seconds by part."""
    async with postgres.database() as database:
        await make_due(database, members)
        place = _place(database, home, "none:1")
        async with _sweeping(place, database, JIFEN_EXPIRY_GIVES_WAY="false") as sweep:
            parts = [
                Part(name="expiry", pids=[sweep.expiry.process.pid]),
                Part(name="PostgreSQL", pids=[listening(_port(database.dsn()))]),
            ]
            before, began = measure(parts), monotonic()
            await sweep.until("through", BUCKETS)
            seconds, after = monotonic() - began, measure(parts)
            left = await _ask(sweep.owner, _LEFT)
    assert (left["lots"], left["entries"]) == (0, members)
    return members / seconds, {name: after[name] - before[name] for name in after}


async def _rival(postgres: PostgresHandle, kind: str, members: int) -> float:
    async with postgres.database() as database:
        await make_due(database, members)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.sweep_rivals", kind, database.dsn(), str(members)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
    return members / float(out.decode())


async def _ask(owner: Connection, statement: str) -> asyncpg.Record:
    (row,) = await owner.fetch(statement, END, timeout=120)
    return row


def _place(database: Database, home: Home, bootstrap: str) -> Place:
    urls = {name: database.dsn(f"jifen_{name}") for name in ("expiry", "earn", "relay")}
    return Place(urls=urls, bootstrap=bootstrap, folder=home.folder)


def _port(dsn: str) -> int:
    port = urlsplit(dsn).port
    assert port is not None
    return port
