"""From the moment an order was to be sent to its commit, at a steady 1,000 events a second."""

from contextlib import AsyncExitStack
from statistics import median

import asyncpg
import pytest

from tests.bench.report import say
from tests.bench.steady import pace
from tests.integration.consuming.shop import open_books, place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import PostgresHandle
from tests.support.stack import EmbeddedPostgres, Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

RATE = 1_000
SECONDS = 20
RUNS = 3


async def test_latency(kafka: KafkaHandle, home: Home) -> None:
    server = EmbeddedPostgres(home.folder / "steady", home.run_as)
    server.start()
    try:
        await _track_commits(server.config.url("postgres"))
        server.stop()
        server.start()
        handle = PostgresHandle(owner_url=server.config.url("postgres"))
        async with handle.database() as database:
            books = await open_books(database, kafka)
            place = place_of(books, home.folder)
            async with AsyncExitStack() as stack:
                for name in ("earn", "relay"):
                    await (await stack.enter_async_context(place.service(name))).until_ready()
                runs = [
                    await pace(books, rate=RATE, seconds=SECONDS, seed=seed)
                    for seed in range(1, RUNS + 1)
                ]
        await handle.forget()
    finally:
        server.stop()
    middle = [median([run.percentile(share) for run in runs]) for share in (0.5, 0.99, 0.999)]
    say(
        "",
        f"event to commit at {RATE:,}/s for {SECONDS} s, open loop, medians of {RUNS} runs:",
        "p50 {:.0f} ms, p99 {:.0f} ms, p99.9 {:.0f} ms".format(*middle),
        f"load generator: {median([run.generator_share for run in runs]):.0%} of one core",
    )


async def _track_commits(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    await connection.close()
