"""Notify reading what librdkafka wrote to a real Kafka: three topics, with repeats."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.notify.app import make_runner, make_senders
from services.notify.handlers import TOPICS
from services.notify.settings import NotifySettings, WebhookSettings
from shared.contract.wire import Wire
from shared.platform.metrics import Metrics
from shared.platform.settings import KafkaSettings
from tests.integration.notify.desk import inbox, settings_of, told_once
from tests.integration.notify.receiver import receiving
from tests.integration.notify.told import expected, lives, raw
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.earning import give_program

pytestmark = pytest.mark.integration


@asynccontextmanager
async def notifying(database: Database, kafka: KafkaHandle, url: str) -> AsyncIterator[None]:
    """Run notify's consumption and its sender inside the test."""
    settings = NotifySettings(
        database=settings_of(database),
        kafka=KafkaSettings(bootstrap=kafka.bootstrap),
        webhook=WebhookSettings(url=url, secret=SecretStr("s" * 32)),
        batch_start=50,
    )
    metrics = Metrics(CollectorRegistry(), "notify")
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as running:
        running.create_task(make_runner(settings, metrics).run(stop))
        for sender in make_senders(settings, metrics, "test"):
            running.create_task(sender.run(stop))
        yield
        stop.set()


def send(bootstrap: str, told: Sequence[Wire]) -> None:
    """Produce with librdkafka and its own partitioner, as a foreign relay would.

    Idempotent: a retry into a topic that was just made must neither reorder nor repeat, or what
    has to come of it could not be told beforehand.
    """
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 5, "enable.idempotence": True}
    )
    for number, event in enumerate(told):
        topic, key, value, headers = raw(event, f"e{number}")
        producer.produce(topic, value, key, headers=dict(headers))
        producer.poll(0)
    assert producer.flush(30) == 0


async def test_what_librdkafka_sends_is_told_once(database: Database, kafka: KafkaHandle) -> None:
    await kafka.fresh_topics(*TOPICS)
    await give_program(database)
    told = lives(100, 5)
    wanted = expected(told)
    half = len(told) // 2
    async with receiving() as receiver:
        send(kafka.bootstrap, told[:half])
        async with notifying(database, kafka, receiver.url):
            send(kafka.bootstrap, told[half:])
            async with asyncio.timeout(30):
                while await inbox(database) != wanted:  # noqa: ASYNC110 - asked of the database
                    await asyncio.sleep(0.05)
            outside = [cause for _, cause in wanted if not cause.endswith("/90")]
            await receiver.until(len(outside))
        assert len(set(receiver.ids)) == len(receiver.ids) == len(outside)
    await told_once(database, wanted)
