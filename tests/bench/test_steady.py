"""From the moment an order was to be sent to its commit, at a steady 1,000 events a second."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median

import pytest

from tests.bench.report import say
from tests.bench.steady import Pace, audit, pace, tracking_server
from tests.integration.consuming.shop import Books, open_books, place_of
from tests.support.brokers import KafkaHandle
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

RATE = 1_000
SECONDS = 20
RUNS = 3
PACE = 20_000


async def test_latency(kafka: KafkaHandle, home: Home) -> None:
    async with tracking_server(home) as server, server.database() as database:
        books = await open_books(database, kafka)
        place = place_of(books, home.folder)
        async with AsyncExitStack() as stack:
            for name in ("earn", "relay"):
                await (await stack.enter_async_context(place.service(name))).until_ready()
            alone = [await _paced(books, seed) for seed in range(1, RUNS + 1)]
            async with auditing(books) as audits:
                beside = [await _paced(books, RUNS + seed) for seed in range(1, RUNS + 1)]
    say(
        "",
        f"event to commit at {RATE:,}/s for {SECONDS} s, open loop, medians of {RUNS} runs:",
        _percentiles(alone),
        f"beside `jifen audit verify --pace {PACE}`, again and again ({audits.done} times):",
        _percentiles(beside),
        f"load generator: {median([run.generator_share for run in alone]):.0%} of one core",
    )


def _percentiles(runs: Sequence[Pace]) -> str:
    middle = [median([run.percentile(share) for run in runs]) for share in (0.5, 0.99, 0.999)]
    return "p50 {:.0f} ms, p99 {:.0f} ms, p99.9 {:.0f} ms".format(*middle)


async def _paced(books: Books, seed: int) -> Pace:
    return await pace(books, rate=RATE, seconds=SECONDS, seed=seed)


@dataclass
class Audits:
    """How many audits were begun and found nothing wrong."""

    done: int = 0


@asynccontextmanager
async def auditing(books: Books) -> AsyncIterator[Audits]:
    """Audit the ledger without a break, at a pace that leaves room for traffic."""
    audits = Audits()

    async def again() -> None:
        while True:
            assert await audit(books, "--pace", str(PACE)) == 0
            audits.done += 1

    task = asyncio.create_task(again())
    try:
        yield audits
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
