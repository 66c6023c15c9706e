"""Writers of notify without Kafka, and what the tables hold in the end."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.notify.channels import WEBHOOK, Channel, Inbox, Queue
from services.notify.domain.desk import Desk
from services.notify.handlers import GROUP, TOPICS, Notify
from shared.contract.codec import Record
from shared.contract.wire import Wire
from shared.pipeline.plain import PlainBatch
from shared.pipeline.size import BatchSize
from shared.pipeline.store import SQL, Partition
from shared.pipeline.writer import Writer
from shared.platform import postgres
from shared.platform.metrics import Metrics
from shared.platform.settings import DatabaseSettings
from tests.integration.notify.told import Raw, raw
from tests.support.databases import Database, owner_of

CLUSTER = "cluster-of-the-test"
PARTITIONS = 4
PLANNER = {"enable_seqscan": "off"}


@dataclass(kw_only=True)
class Teller:
    """Tells events to a writer of notify, as if they had come from one partition of Kafka."""

    writer: Writer[Desk]
    registry: CollectorRegistry
    partition: int = 0
    offsets: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOPICS, 0))

    async def tell(self, *events: Wire) -> None:
        await self.tell_raw([raw(event) for event in events])

    async def tell_raw(self, events: Sequence[Raw]) -> None:
        await self.writer.write([self.record(event) for event in events])

    def record(self, event: Raw) -> Record:
        topic, key, value, headers = event
        offset = self.offsets[topic]
        self.offsets[topic] += 1
        return Record(
            topic=topic,
            partition=self.partition,
            offset=offset,
            timestamp_ms=1_700_000_000_000,
            key=key,
            value=value,
            headers=tuple(headers),
        )

    def processed(self, topic: str, outcome: str) -> float:
        labels = {"service": "notify", "topic": topic, "outcome": outcome}
        return self.registry.get_sample_value("points_events_processed_total", labels) or 0.0


async def begin(database: Database) -> None:
    """Let writers that read no Kafka begin at offset 0."""
    async with owner_of(database) as owner:
        for partition in range(PARTITIONS):
            numbers, zeros = [partition] * len(TOPICS), [0] * len(TOPICS)
            await owner.execute(SQL["begin_offsets"], GROUP, TOPICS, numbers, CLUSTER, zeros)


def settings_of(database: Database) -> DatabaseSettings:
    return DatabaseSettings(url=SecretStr(database.dsn("jifen_notify")))


@asynccontextmanager
async def telling(
    database: Database, *, batch: int = 500, partition: int = 0, webhook: bool = True
) -> AsyncIterator[Teller]:
    """Make a writer with the rights of notify."""
    settings, registry = settings_of(database), CollectorRegistry()
    metrics = Metrics(registry, "notify")

    async def connect() -> postgres.Connection:
        return await postgres.connect(settings, application_name="test", server_settings=PLANNER)

    channels: list[Channel] = [Inbox(metrics=metrics)]
    if webhook:
        channels.append(Queue(name=WEBHOOK))
    writer: Writer[Desk] = Writer(
        PlainBatch(domain=Notify(channels=channels), cluster_id=CLUSTER),
        connect,
        metrics,
        BatchSize(target_seconds=60, start=batch),
    )
    writer.positions.update({Partition(topic, partition): 0 for topic in TOPICS})
    try:
        yield Teller(writer=writer, registry=registry, partition=partition)
    finally:
        await writer.close()


async def rows(database: Database, statement: str, *arguments: object) -> list[asyncpg.Record]:
    async with owner_of(database) as owner:
        found: list[asyncpg.Record] = await owner.fetch(statement, *arguments)
    return found


async def inbox(database: Database) -> set[tuple[str, str]]:
    """Read (member, cause) of every message."""
    found = await rows(database, "SELECT member_id, cause FROM notify.message")
    return {(row["member_id"], row["cause"]) for row in found}


async def messages(database: Database, member: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Read (template, data) of a member's messages through the mall's view, oldest first."""
    found = await rows(
        database, "SELECT * FROM read.message_v1 WHERE member_id = $1 ORDER BY id", member
    )
    return [(row["template"], orjson.loads(row["data"])) for row in found]


async def deliveries(database: Database) -> set[tuple[str, str]]:
    """Read (member, cause) of what waits for the webhook."""
    found = await rows(database, "SELECT member_id, cause FROM notify.delivery")
    return {(row["member_id"], row["cause"]) for row in found}


async def announced(database: Database) -> list[tuple[str, Mapping[str, Any]]]:
    """Read (type, data) of what was said on notifications.v1; event ids are used once."""
    found = await rows(
        database,
        "SELECT event_id, type, payload FROM messaging.outbox"
        " WHERE aggregatetype = 'notifications.v1' ORDER BY id",
    )
    assert len({row["event_id"] for row in found}) == len(found)
    return [(row["type"], orjson.loads(row["payload"])) for row in found]


async def told_once(database: Database, wanted: set[tuple[str, str]]) -> None:
    """Hold inbox and announcements against what must be there: nothing missing, nothing twice."""
    found = await inbox(database)
    assert (found - wanted, wanted - found) == (set(), set())
    sent = [data for kind, data in await announced(database) if data["channel"] == "inbox"]
    assert len(sent) == len(wanted)
    assert await rows(database, "SELECT * FROM messaging.dead_letter") == []
