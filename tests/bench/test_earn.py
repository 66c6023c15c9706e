"""Earn's backlog: from records in Kafka to rows committed and events published, on two cores."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import pytest

from shared.platform.clock import monotonic
from tests.bench.cpu import Part, listening, measure
from tests.bench.load import orders, produce
from tests.bench.report import cpu_table, interpreter, per_second, say
from tests.bench.stages import stage_seconds
from tests.integration.consuming.shop import Books, open_books, place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import PostgresHandle
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800)]

EVENTS = 100_000
NAIVE_EVENTS = 6_000
RUNS = 3
ROOT = Path(__file__).parents[2]


async def test_backlog(postgres: PostgresHandle, kafka: KafkaHandle, home: Home) -> None:
    ours: list[float] = []
    floors: list[float] = []
    naives: list[float] = []
    spent: dict[str, list[float]] = {}
    for run in range(RUNS):
        async with postgres.database() as database:
            books = await open_books(database, kafka)
            rate, cpu = await _ours(books, home, run)
            ours.append(rate)
            for name, seconds in cpu.items():
                spent.setdefault(name, []).append(seconds / EVENTS * 1e6)
        floors.append(await _rival(postgres, kafka, "floor", EVENTS // 2))
        naives.append(await _rival(postgres, kafka, "naive", NAIVE_EVENTS // 2))
    middle = median(ours)
    say(
        "",
        f"earn: {EVENTS:,} orders of two lines, 20,000 members, two processes, medians of {RUNS}",
        interpreter(),
        per_second("Kafka to outbox published", ours),
        per_second("floor: decide and store", floors, middle),
        per_second("one transaction per event", naives, middle),
        "(the rivals get decoded commands from memory; naive: 2 processes x 8 connections,",
        " prepared statements, the same server and settings)",
    )
    cpu_table("where the time goes", {name: median(values) for name, values in spent.items()})
    assert middle > median(naives)


async def _ours(books: Books, home: Home, run: int) -> tuple[float, dict[str, float]]:
    await asyncio.to_thread(produce, books.bootstrap, orders(EVENTS, seed=run))
    place = place_of(books, home.folder)
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(place.service("relay"))
        await relay.until_ready()
        earns = [await stack.enter_async_context(place.service("earn")) for _ in range(2)]
        parts = [
            Part(name="earn (two)", pids=[earn.process.pid for earn in earns]),
            Part(name="relay", pids=[relay.process.pid]),
            Part(name="PostgreSQL", pids=[listening(_port(books.database.dsn()))]),
            Part(name="Kafka", pids=[listening(int(books.bootstrap.rsplit(":", 1)[1]))]),
        ]
        await books.until_read(2_000)
        before, started, done = measure(parts), monotonic(), await _read(books)
        await books.until_read(EVENTS, every_seconds=0.1)
        while await books.waiting():  # noqa: ASYNC110 - asked of the database
            await asyncio.sleep(0.02)
        seconds = monotonic() - started
        after = measure(parts)
        share = (EVENTS - done) / EVENTS
        cpu = {name: (after[name] - before[name]) / share for name in after}
        if run == RUNS - 1:
            say(
                "stages, seconds in all, by process:", *[str(await stage_seconds(e)) for e in earns]
            )
    return (EVENTS - done) / seconds, cpu


async def _rival(postgres: PostgresHandle, kafka: KafkaHandle, kind: str, events: int) -> float:
    async with postgres.database() as database:
        await open_books(database, kafka)
        arguments = ["-m", "tests.bench.rivals", kind, database.dsn(), str(events)]
        processes = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, *arguments, str(number)), cwd=ROOT, stdout=asyncio.subprocess.PIPE
            )
            for number in (0, 1)
        ]
        outputs = [await process.communicate() for process in processes]
        seconds = [float(out.decode()) for out, _ in outputs]
    return 2 * events / max(seconds)


async def _read(books: Books) -> int:
    rows = await books.fetch(
        "SELECT coalesce(sum(next_offset), 0) AS read FROM messaging.consumer_offset"
    )
    read: int = rows[0]["read"]
    return int(read)


def _port(dsn: str) -> int:
    port = urlsplit(dsn).port
    assert port is not None
    return port
