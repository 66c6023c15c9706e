"""How far behind earn is, as its metrics say: idle, held up, and with the brake engaged."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from services.earn.handlers import GROUP, TOPICS
from shared.contract.topics import PARTITIONS
from shared.pipeline import consumer
from shared.pipeline.operator import release_brake
from shared.pipeline.store import trip_brake
from shared.platform.clock import monotonic, unix_seconds
from tests.integration.consuming.shop import Books
from tests.support.brokers import KafkaHandle
from tests.support.databases import owner_of
from tests.support.earning import earning
from tests.support.model import encode
from tests.support.tellings import paid

pytestmark = pytest.mark.integration

LATE_SECONDS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Lag:
    """The gauges of orders.v1, as they are scraped."""

    registry: CollectorRegistry

    def partitions(self) -> dict[tuple[str, int], float]:
        return {
            (sample.labels["topic"], int(sample.labels["partition"])): sample.value
            for metric in self.registry.collect()
            if metric.name == "points_consumer_lag_messages"
            for sample in metric.samples
        }

    @property
    def records(self) -> float:
        return sum(self.partitions().values())

    @property
    def seconds(self) -> float:
        labels = {"topic": "orders.v1", "consumer_group": GROUP}
        value = self.registry.get_sample_value("points_consumer_lag_seconds", labels)
        assert value is not None
        return value

    async def until(self, true: Callable[["Lag"], bool]) -> None:
        deadline = monotonic() + 20
        while not true(self):
            assert monotonic() < deadline, f"{self.records} records, {self.seconds} s"
            await asyncio.sleep(0.02)

    async def until_behind(self, records: int) -> None:
        """Wait until it is so many records behind, the oldest a while old and getting older."""
        await self.until(lambda lag: lag.records == records and lag.seconds >= LATE_SECONDS)
        before = self.seconds
        assert before < LATE_SECONDS + 60
        await self.until(lambda lag: lag.seconds > before)

    async def until_caught_up(self) -> None:
        await self.until(lambda lag: lag.records == 0 and lag.seconds == 0)


def send_late(books: Books, first: int, records: int) -> None:
    """Tell orders of one member that were written a while ago."""
    producer = Producer({"bootstrap.servers": books.bootstrap})
    at_ms = round((unix_seconds() - LATE_SECONDS) * 1000)
    for number in range(first, first + records):
        kind, data = paid(f"o{number}", "ann")
        key, value, headers = encode(kind, data, f"e{number}")
        producer.produce("orders.v1", value, key, headers=dict(headers), timestamp=at_ms)
    assert producer.flush(30) == 0


async def test_lag_is_what_waits(
    books: Books, kafka: KafkaHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "WATCH_SECONDS", 0.1)
    async with earning(books.database, kafka) as registry, owner_of(books.database) as owner:
        lag = Lag(registry=registry)
        send_late(books, 0, 5)
        await books.until_read(5)
        await lag.until_caught_up()
        assert lag.partitions().keys() == {(t, n) for t in TOPICS for n in range(PARTITIONS)}
        async with owner.transaction():
            await owner.execute("SELECT FROM ledger.account WHERE member_id = 'ann' FOR UPDATE")
            send_late(books, 5, 1)
            await lag.until_behind(1)
            send_late(books, 6, 9)
            await lag.until_behind(10)
        await lag.until_caught_up()
        await trip_brake(owner, GROUP, "the test's")
        send_late(books, 15, 3)
        await lag.until_behind(3)
        for first in range(18, 58, 20):
            # More than the driver had fetched when it was stopped.
            send_late(books, first, 20)
            await lag.until_behind(3 + first - 18 + 20)
        await release_brake(owner, GROUP, by="test")
        await lag.until_caught_up()
