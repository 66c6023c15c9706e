"""Notices: from Kafka to rows of inboxes, one process; and all the way from planning on."""

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import pytest
from confluent_kafka import Producer
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.notify.handlers import GROUP, TOPICS
from shared.platform.clock import monotonic, utc_now
from shared.program.dates import local_day
from tests.bench.cpu import Part, listening, measure
from tests.bench.due import make_due
from tests.bench.notices_rivals import member_of, stage_of
from tests.bench.report import cpu_table, per_second, say
from tests.bench.stages import stage_seconds
from tests.integration.consuming.crew import Place
from tests.integration.notify.desk import rows
from tests.integration.notify.told import earned, raw, reminder
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle
from tests.support.earning import give_program
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800)]

AIM_PER_SECOND = 4_000
ROOT = Path(__file__).parents[2]
ZONE = "Asia/Shanghai"  # of the default program
_READ = """
SELECT coalesce(sum(next_offset), 0) AS read FROM messaging.consumer_offset WHERE group_name = $1
"""
_PLANNED = "SELECT FROM expiry.reminder LIMIT 1"
_WAITING = "SELECT FROM messaging.outbox LIMIT 1"
_TOLD = """
SELECT count(*), sum(points)::bigint, (SELECT count(*) FROM notify.message) FROM expiry.reminder
"""


class Extent(BaseSettings):
    """How much is measured (JIFEN_BENCH_NOTICES_...)."""

    model_config = SettingsConfigDict(env_prefix="JIFEN_BENCH_NOTICES_", frozen=True)

    events: int = 60_000
    naive_events: int = 4_000
    runs: int = 3
    members: int = 100_000


async def test_notices(postgres: PostgresHandle, kafka: KafkaHandle, home: Home) -> None:
    extent = Extent()
    ours: list[float] = []
    floors: list[float] = []
    naives: list[float] = []
    ignored: list[float] = []
    cpu: dict[str, list[float]] = {}
    for run in range(extent.runs):
        async with postgres.database() as database:
            rate, spent = await _ours(database, kafka, home, extent, last=run == extent.runs - 1)
            ours.append(rate)
            for name, seconds in spent.items():
                cpu.setdefault(name, []).append(seconds * 1e6)
        async with postgres.database() as database:
            ignored.append(await _ignored(database, kafka, home, extent))
        floors.append(await _rival(postgres, "floor", extent.events))
        naives.append(await _rival(postgres, "naive", extent.naive_events))
    middle = median(ours)
    say(
        "",
        f"notices: {extent.events:,} reminders, one process, medians of {extent.runs}",
        per_second("Kafka to inbox committed", ours),
        per_second("floor: decide and store", floors, middle),
        per_second("one transaction per event", naives, middle),
        per_second("awards of points.v1, ignored", ignored),
        "(the rivals get decoded commands from memory; naive: 8 connections, prepared",
        " statements, the same server and settings)",
    )
    cpu_table("where the time goes", {name: median(values) for name, values in cpu.items()})
    assert middle > median(naives)
    assert middle > AIM_PER_SECOND


async def test_reminders_from_planning_to_inbox(
    postgres: PostgresHandle, kafka: KafkaHandle, home: Home
) -> None:
    """Expiry plans, the relay publishes, notify writes: all of them at once."""
    extent = Extent()
    rates: list[float] = []
    cpu: dict[str, list[float]] = {}
    for _ in range(extent.runs):
        async with postgres.database() as database:
            rate, spent = await _reminded(database, kafka, home, extent.members)
            rates.append(rate)
            for name, seconds in spent.items():
                cpu.setdefault(name, []).append(seconds * 1e6)
    say(
        "",
        f"reminders: {extent.members:,} members, a process of each service, medians of"
        f" {extent.runs}",
        per_second("planning to inbox committed", rates),
    )
    cpu_table("where the time goes", {name: median(values) for name, values in cpu.items()})
    assert median(rates) > AIM_PER_SECOND


async def _reminded(
    database: Database, kafka: KafkaHandle, home: Home, members: int
) -> tuple[float, dict[str, float]]:
    """Return reminders per second, and CPU seconds per reminder by part."""
    await make_due(database, members, ends=local_day(utc_now(), ZONE) + timedelta(days=5))
    await kafka.fresh_topics(*TOPICS, "notifications.v1")
    await give_program(database)
    place = _place(database, kafka, home)
    async with AsyncExitStack() as stack:
        relay, notify = [
            await stack.enter_async_context(place.service(name)) for name in ("relay", "notify")
        ]
        await asyncio.gather(relay.until_ready(), notify.until_ready())
        expiry = await stack.enter_async_context(
            place.service("expiry", JIFEN_EXPIRY_REMIND_FROM_HOUR="0")
        )
        services = {"expiry": expiry, "relay": relay, "notify": notify}
        parts = [Part(name=name, pids=[one.process.pid]) for name, one in services.items()]
        parts += _servers(database, kafka)
        while not await rows(database, _PLANNED):  # noqa: ASYNC110 - asked of the database
            await asyncio.sleep(0.005)
        before, started = measure(parts), monotonic()
        await _until_read(database, members)
        seconds, after = monotonic() - started, measure(parts)
        while await rows(database, _WAITING):  # noqa: ASYNC110 - asked of the database
            await asyncio.sleep(0.1)
    (told,) = await rows(database, _TOLD)
    assert tuple(told) == (members, 60 * members, members)
    return members / seconds, {name: (after[name] - before[name]) / members for name in after}


async def _ours(
    database: Database, kafka: KafkaHandle, home: Home, extent: Extent, *, last: bool
) -> tuple[float, dict[str, float]]:
    """Return reminders per second, and CPU seconds per reminder by part."""
    await _open(database, kafka)
    await asyncio.to_thread(
        _produce,
        kafka.bootstrap,
        [raw(reminder(member_of(n), stage_of(n)), f"e{n}") for n in range(extent.events)],
    )
    async with _place(database, kafka, home).service("notify") as notify:
        parts = [Part(name="notify", pids=[notify.process.pid]), *_servers(database, kafka)]
        await _until_read(database, 1)
        before, started, done = measure(parts), monotonic(), await _read(database)
        await _until_read(database, extent.events)
        seconds, after = monotonic() - started, measure(parts)
        if last:
            say("stages, seconds in all:", str(await stage_seconds(notify)))
    (told,) = await rows(database, "SELECT count(*) AS messages FROM notify.message")
    assert told["messages"] == extent.events
    counted = extent.events - done
    return counted / seconds, {name: (after[name] - before[name]) / counted for name in after}


async def _ignored(database: Database, kafka: KafkaHandle, home: Home, extent: Extent) -> float:
    await _open(database, kafka)
    awards = [raw(earned(member_of(n), n + 1), f"e{n}") for n in range(extent.events)]
    await asyncio.to_thread(_produce, kafka.bootstrap, awards)
    async with _place(database, kafka, home).service("notify"):
        await _until_read(database, 1)
        started, done = monotonic(), await _read(database)
        await _until_read(database, extent.events)
        return (extent.events - done) / max(monotonic() - started, 1e-3)


async def _rival(postgres: PostgresHandle, kind: str, events: int) -> float:
    async with postgres.database() as database:
        await give_program(database)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.notices_rivals", kind, database.dsn()),
            str(events),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
    return events / float(output.decode())


async def _open(database: Database, kafka: KafkaHandle) -> None:
    await kafka.fresh_topics(*TOPICS)
    await give_program(database)


def _servers(database: Database, kafka: KafkaHandle) -> list[Part]:
    port = urlsplit(database.dsn()).port
    assert port is not None
    return [
        Part(name="PostgreSQL", pids=[listening(port)]),
        Part(name="Kafka", pids=[listening(int(kafka.bootstrap.rsplit(":", 1)[1]))]),
    ]


def _place(database: Database, kafka: KafkaHandle, home: Home) -> Place:
    return Place(
        urls={name: database.dsn(f"jifen_{name}") for name in ("expiry", "notify", "relay")},
        bootstrap=kafka.bootstrap,
        folder=home.folder,
    )


def _produce(
    bootstrap: str, records: list[tuple[str, bytes, bytes, list[tuple[str, bytes]]]]
) -> None:
    settings = {"linger.ms": 20, "queue.buffering.max.messages": 2_000_000}
    producer = Producer({"bootstrap.servers": bootstrap, **settings})
    for topic, key, value, headers in records:
        producer.produce(topic, value, key, headers=dict(headers))
        producer.poll(0)
    assert producer.flush(300) == 0


async def _until_read(database: Database, records: int) -> None:
    while await _read(database) < records:  # noqa: ASYNC110 - asked of the database
        await asyncio.sleep(0.02)


async def _read(database: Database) -> int:
    (row,) = await rows(database, _READ, GROUP)
    return int(row["read"])
