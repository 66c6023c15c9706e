"""The relay's two ends for tests: rows into the outbox, records out of a topic, and the process."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.relay.settings import RelaySettings
from shared.platform.clock import monotonic
from shared.platform.settings import DatabaseSettings, KafkaSettings
from tests.integration.consuming.crew import Service, started

_APPEND = """
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload, headers)
SELECT event_id, $1, member_id, 'points.earned.v1', payload, headers
FROM ROWS FROM (
    json_to_recordset($2) AS (event_id text, member_id text, payload text, headers json)
) WITH ORDINALITY AS row (event_id, member_id, payload, headers, ord)
ORDER BY ord
"""
_APPEND_DEAD_LETTER = """
WITH letter AS (
    INSERT INTO messaging.dead_letter (
        group_name, topic, partition, record_offset, record_timestamp_ms, reason, detail,
        key, value, headers, at
    )
    VALUES (
        'points-earn', $1, 3, $2, 0, 'not-json', 'a detail', $4, $3,
        '[["ce_id", "/g=="], ["no-value", null]]', $5
    )
    RETURNING id
)
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, dead_letter_id)
SELECT 'dead-letter/' || id, $1 || '.points-earn.dlq', '', 'dead-letter', id FROM letter
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One test's database and topic."""

    owner_url: str
    relay_url: str
    bootstrap: str
    topic: str

    def settings(self, **more: object) -> RelaySettings:
        return RelaySettings.model_validate(
            {
                "database": DatabaseSettings.model_validate({"url": self.relay_url}),
                "kafka": KafkaSettings.model_validate({"bootstrap": self.bootstrap}),
                **more,
            }
        )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(self.owner_url)
        try:
            yield connection
        finally:
            await connection.close()


async def append(
    connection: "asyncpg.Connection[asyncpg.Record]",
    topic: str,
    members: Sequence[str],
    numbers: Sequence[int],
) -> None:
    """Append one event per member and number, in one transaction, in this order."""
    rows = [
        {
            "event_id": f"{member}/{number}",
            "member_id": member,
            "payload": json.dumps({"seq": number, "reason": "x" * 200}),
            "headers": {"traceparent": f"00-{number:032x}-00f067aa0ba902b7-01"},
        }
        for member, number in zip(members, numbers, strict=True)
    ]
    await connection.execute(_APPEND, topic, json.dumps(rows))


async def append_dead_letter(
    connection: "asyncpg.Connection[asyncpg.Record]",
    topic: str,
    offset: int,
    *,
    value: bytes | None,
    key: bytes | None,
) -> None:
    """Record a dead letter and append the row that tells Kafka of it."""
    await connection.execute(
        _APPEND_DEAD_LETTER, topic, offset, value, key, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    )


async def create_limited_topic(bootstrap: str, topic: str, *, max_message_bytes: int) -> None:
    """Create a topic that refuses large records."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        limits = {"max.message.bytes": str(max_message_bytes)}
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=limits)])
    finally:
        await admin.close()


async def remaining(place: Place) -> int:
    """Count the rows that still wait."""
    async with place.connected() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM messaging.outbox")
    return count


async def until_empty(place: Place, *, patience_seconds: float = 30.0) -> None:
    """Return once no row waits."""
    await until_fewer(place, 1, patience_seconds=patience_seconds)


async def until_fewer(place: Place, rows: int, *, patience_seconds: float = 30.0) -> None:
    """Return once fewer rows wait than this."""
    deadline = monotonic() + patience_seconds
    async with place.connected() as connection:
        while await connection.fetchval("SELECT count(*) FROM messaging.outbox") >= rows:
            assert monotonic() < deadline, "the relay is not as far in time"
            await asyncio.sleep(0.005)


async def records_of(
    bootstrap: str, topic: str
) -> "list[ConsumerRecord[bytes | None, bytes | None]]":
    """Read a topic from its beginning to what is its end now, each partition in order."""
    partitions = await _partitions(bootstrap, topic)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += batch
        return found
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str, topic: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
        return [TopicPartition(topic, each["partition"]) for each in described["partitions"]]
    finally:
        await admin.close()


def first_tellings(
    records: "Sequence[ConsumerRecord[bytes | None, bytes | None]]",
) -> Mapping[str, list[int]]:
    """Return each member's event numbers in order, repeats left out as consumers leave them out.

    A consumer drops what is not newer than what it has seen, so a number that comes late for
    the first time is lost: it is missing here.
    """
    seen: dict[str, list[int]] = defaultdict(list)
    for record in records:
        assert record.key is not None
        assert record.value is not None
        number = json.loads(record.value)["seq"]
        told = seen[record.key.decode()]
        if not told or number > told[-1]:
            told.append(number)
    return seen


@dataclass(slots=True, kw_only=True)
class Process(Service):
    """A relay in a process of its own, which leads or stands by."""

    @property
    def role(self) -> str:
        roles = [str(line["role"]) for line in self.lines if line["event"] == "role changed"]
        return roles[-1] if roles else "connecting"

    async def until_role(self, role: str, *, patience_seconds: float = 20.0) -> None:
        deadline = monotonic() + patience_seconds
        while self.role != role:
            assert monotonic() < deadline, f"is {self.role}, not {role}; {self.lines}"
            assert self.running, f"ended; {self.lines}"
            await asyncio.sleep(0.02)


@asynccontextmanager
async def relay_process(place: Place, **environment: str) -> AsyncIterator[Process]:
    """Run a relay; it is killed at the end, if it is still there."""
    settings = {
        "JIFEN_DATABASE_URL": place.relay_url,
        "JIFEN_KAFKA_BOOTSTRAP": place.bootstrap,
        **environment,
    }
    async with started(Process, "relay", settings) as relay:
        yield relay
