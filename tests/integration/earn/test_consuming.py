"""Earn reading a real Kafka: what librdkafka sends lands once, and a restart goes on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.earn.domain.desk import Desk
from services.earn.handlers import GROUP, TOPICS, Earn
from shared.pipeline.runner import Runner
from shared.platform import postgres
from shared.platform.metrics import Metrics
from shared.platform.settings import DatabaseSettings, KafkaSettings
from shared.program.store import seed
from tests.integration.earn.desk import expected, now, standings
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Rules, World, encode, stories, topic_of

pytestmark = pytest.mark.integration


@asynccontextmanager
async def running(database: Database, kafka: KafkaHandle) -> AsyncIterator[Runner[Desk]]:
    """Run earn's consumption inside the test."""
    runner = Runner[Desk](
        lambda revisions: Earn(zone=revisions.zone),
        topics=TOPICS,
        database=DatabaseSettings(url=SecretStr(database.dsn("jifen_earn"))),
        kafka=KafkaSettings(bootstrap=kafka.bootstrap),
        metrics=Metrics(CollectorRegistry(), "earn"),
        batch_start=100,
        batch_target_seconds=60,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    try:
        yield runner
    finally:
        stop.set()
        await task


def send(kafka: KafkaHandle, told: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Produce with librdkafka and its own partitioner, as a foreign order system would."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 5})
    for number, (event_type, data) in enumerate(told):
        key, value, headers = encode(event_type, data, f"e{number}")
        producer.produce(topic_of(event_type), value, key, headers=dict(headers))
    assert producer.flush(30) == 0


async def caught_up(database: Database, records: int) -> None:
    """Wait until the group's stored offsets cover so many records."""
    connection = await asyncpg.connect(database.dsn())
    try:
        while True:
            stored = await connection.fetchval(
                "SELECT coalesce(sum(next_offset), 0) FROM messaging.consumer_offset"
                " WHERE group_name = $1 AND topic <> 'ledger-commands.v1'",
                GROUP,
            )
            if stored >= records:
                return
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


@pytest.fixture
async def earn_database(database: Database, kafka: KafkaHandle) -> Database:
    """A database with the default program, and empty topics."""
    await kafka.fresh_topics(*TOPICS)
    owner = await asyncpg.connect(database.dsn())
    await postgres.set_codecs(owner)
    await seed(owner, by="test")
    await owner.close()
    return database


async def test_what_librdkafka_sends_lands_once(
    earn_database: Database, kafka: KafkaHandle
) -> None:
    # Topics give no order among each other, so no refund may be told for a bonus meanwhile.
    told = [
        one
        for one in stories(21, members=15, events=600, contested=False)
        if one[0] != "share.ordered.v1"
    ]
    world = World(Rules())
    for event_type, data in told:
        world.tell({"type": event_type, "data": data}, now())
    async with running(earn_database, kafka):
        send(kafka, told[:400])
        await caught_up(earn_database, 400)
    send(kafka, told[400:])
    async with running(earn_database, kafka):
        await caught_up(earn_database, len(told))
    assert await standings(earn_database) == expected(world)
