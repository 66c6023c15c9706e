"""Redeem: one hot reward, reserve with confirm, over HTTP with members' tokens, and over Kafka."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import pytest

from services.redeem.handlers import GROUP, TOPICS
from shared.platform.clock import monotonic
from shared.platform.postgres import Connection
from tests.bench.cpu import Part, listening, measure
from tests.bench.redeem_client import Client, make_client
from tests.bench.report import cpu_table, per_second, say
from tests.bench.stages import stage_seconds
from tests.chaos.kills import send
from tests.chaos.sums import redemptions_add_up, redemptions_made
from tests.integration.consuming.crew import Service
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import give_points, of_today, stock_adds_up
from tests.integration.redeem.doors import opened, place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle, owner_of
from tests.support.model import Reward, Rules
from tests.support.model.errands import request
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800)]

MEMBERS = [f"m{n}" for n in range(5_000)]
MUG = Reward(id="mug", points=3, stock=10**8)
CLIENTS, SECONDS, RUNS = 300, 8, 3
OPEN_RATE = 1_000
RECORDS, WARM_RECORDS = 40_000, 4_000
RIVAL_CONNECTIONS = 16
ROOT = Path(__file__).parents[2]
_READ = "SELECT sum(next_offset) FROM messaging.consumer_offset WHERE group_name = $1"


async def test_over_http(
    postgres: PostgresHandle, kafka: KafkaHandle, home: Home, tmp_path: Path
) -> None:
    client = await make_client(tmp_path, MEMBERS)
    ours: list[float] = []
    rival: list[float] = []
    for run in range(RUNS):
        async with shop(postgres, kafka) as database:
            ours.append(await _ours(client, database, kafka, home, last=run == RUNS - 1))
        async with shop(postgres, kafka) as database:
            rival.append(await _rival(client, database))
    say(
        f"redeem: one reward, {CLIENTS} clients in closed loop, medians of {RUNS}",
        per_second("reserve with confirm", ours),
        per_second("a transaction per request", rival, median(ours)),
        f"(the rival: the same server, route and rows, {RIVAL_CONNECTIONS} connections)",
    )
    assert median(ours) > median(rival)


@pytest.mark.parametrize("processes", [1, 2])
async def test_over_kafka(
    postgres: PostgresHandle, kafka: KafkaHandle, home: Home, processes: int
) -> None:
    rates: list[float] = []
    spent: Mapping[str, float] = {}
    stages: Mapping[str, float] = {}
    for run in range(RUNS):
        async with shop(postgres, kafka) as database, AsyncExitStack() as running:
            at = now()
            told = [
                request(MEMBERS[n % len(MEMBERS)], f"k{run}-{n}", at, confirm=True)
                for n in range(RECORDS)
            ]
            await asyncio.to_thread(send, kafka.bootstrap, told)
            place = place_of(database, kafka.bootstrap, home.folder)
            services = [
                await running.enter_async_context(place.service("redeem")) for _ in range(processes)
            ]
            async with owner_of(database) as owner:
                done = await _until_read(owner, WARM_RECORDS)
                parts = _parts(database, services)
                started, before = monotonic(), measure(parts)
                await _until_read(owner, RECORDS)
                rates.append((RECORDS - done) / (monotonic() - started))
                spent = _spent(before, measure(parts), RECORDS - done)
                stages = await stage_seconds(services[0])
            await checked(database, RECORDS)
    say(
        "",
        per_second(f"redeem over Kafka, {RECORDS:,}, processes: {processes}", rates),
        f"stages of one, seconds in all: {stages}",
    )
    cpu_table("where the time goes", spent)


@asynccontextmanager
async def shop(postgres: PostgresHandle, kafka: KafkaHandle) -> AsyncIterator[Database]:
    await kafka.fresh_topics(*TOPICS)
    today = Rules().day(now())
    async with postgres.database() as database:
        await give_points(database, [MUG], {name: of_today(today, 10**6) for name in MEMBERS})
        yield database


async def checked(database: Database, made: int) -> None:
    """Nothing oversold, nobody charged twice, nobody answered for nothing."""
    await redemptions_add_up(database, made)
    assert await stock_adds_up(database)


async def _ours(
    client: Client, database: Database, kafka: KafkaHandle, home: Home, *, last: bool
) -> float:
    async with opened(place_of(database, kafka.bootstrap, home.folder)) as door:
        url = str(door.client.base_url)
        # Plans are made, and the interpreter has seen the code, before the first is counted.
        warm = await client.load(url, prefix="w", connections=1, seconds=2, rate=50)
        idle = await client.load(url, prefix="i", connections=1, seconds=4, rate=50)
        steady = await client.load(
            url, prefix="o", connections=CLIENTS, seconds=SECONDS, rate=OPEN_RATE
        )
        parts = _parts(database, [door.service])
        before = measure(parts)
        closed = await client.load(url, prefix="c", connections=CLIENTS, seconds=SECONDS)
        after = measure(parts)
        if last:
            say(
                "",
                f"redeem idle: p50 {idle.p50_us / 1e3:.1f} ms; open loop at {OPEN_RATE:,}/s:"
                f" p50 {steady.p50_us / 1e3:.1f} ms, p99 {steady.p99_us / 1e3:.1f} ms,"
                f" most {steady.most_us / 1e3:.0f} ms",
                f"closed loop: p50 {closed.p50_us / 1e3:.0f} ms, p99 {closed.p99_us / 1e3:.0f} ms;"
                f" the client took {closed.cpu_share:.2f} of a core",
                f"stages, seconds in all: {await stage_seconds(door.service)}",
            )
            cpu_table("where the time goes", _spent(before, after, closed.made))
    loads = (warm, idle, steady, closed)
    assert all(load.statuses.keys() == {"201"} for load in loads), loads
    await checked(database, sum(load.made for load in loads))
    return closed.per_second


async def _rival(client: Client, database: Database) -> float:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.redeem_rival"),
        *(database.dsn(), str(RIVAL_CONNECTIONS)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        load = await client.load(url, prefix="r", connections=CLIENTS, seconds=SECONDS)
    finally:
        process.kill()
        await process.wait()
    assert load.statuses.keys() == {"201"}, load
    await redemptions_made(database, load.made)
    return load.per_second


def _parts(database: Database, services: Sequence[Service]) -> Sequence[Part]:
    port = urlsplit(database.dsn()).port
    assert port is not None
    return [
        Part(name="redeem", pids=[one.process.pid for one in services]),
        Part(name="PostgreSQL", pids=[listening(port)]),
    ]


def _spent(
    before: Mapping[str, float], after: Mapping[str, float], made: int
) -> Mapping[str, float]:
    """Say what each part took of one redemption, in microseconds."""
    return {name: (after[name] - before[name]) / made * 1e6 for name in after}


async def _until_read(owner: Connection, records: int) -> int:
    """Wait until so many records are decided; over one connection, since each costs the server."""
    while True:
        read = await owner.fetchval(_READ, GROUP)
        if (read or 0) >= records:
            return int(read)
        await asyncio.sleep(0.02)
