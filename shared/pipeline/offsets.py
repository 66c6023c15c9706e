"""Where a group reads on: rows of the database, checked against the log that is there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.pipeline.store import SQL, Partition
from shared.platform import postgres
from shared.platform.backoff import Backoff
from shared.platform.kafka import start_whole
from shared.platform.log import describe
from shared.platform.postgres import DATABASE_ERRORS, Connection
from shared.platform.settings import KafkaSettings

_TROUBLE: tuple[type[Exception], ...] = (*DATABASE_ERRORS, KafkaError)

_log = logging.getLogger(__name__)


class Offsets:
    """The stored offsets of one group in one Kafka cluster."""

    def __init__(
        self, group: str, cluster_id: str, connect: Callable[[], Awaitable[Connection]]
    ) -> None:
        """Take a way to connect; each look uses a connection of its own."""
        self._group, self._cluster_id, self._connect = group, cluster_id, connect

    async def find(
        self, consumer: AIOKafkaConsumer, assigned: Sequence[TopicPartition]
    ) -> Mapping[Partition, int]:
        """Return the next offset of each partition, however long database and broker take.

        Where the log is another one than the rows speak of, or never was read: from its earliest.
        """
        backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
        while True:
            try:
                return await self._look(consumer, assigned)
            except _TROUBLE as error:
                delay = backoff.next_seconds()
                _log.warning(
                    "offsets can't be read yet",
                    extra={"error": describe(error), "retry_in": delay},
                )
                await asyncio.sleep(delay)

    async def moved(self, positions: Mapping[Partition, int]) -> bool:
        """Tell whether the rows hold anything but these positions; False when nobody answers."""
        try:
            connection = await self._connect()
            try:
                assigned = [TopicPartition(*at) for at in positions]
                return await self._stored(connection, assigned) != positions
            finally:
                await postgres.close(connection)
        except DATABASE_ERRORS:
            return False

    async def _look(
        self, consumer: AIOKafkaConsumer, assigned: Sequence[TopicPartition]
    ) -> Mapping[Partition, int]:
        connection = await self._connect()
        try:
            # The rows first: whoever still moves them on reads no further than the ends after it.
            stored = await self._stored(connection, assigned)
            first = await consumer.beginning_offsets(list(assigned))
            last = await consumer.end_offsets(list(assigned))
            positions: dict[Partition, int] = {}
            begun: list[Partition] = []
            for tp in assigned:
                at = Partition(tp.topic, tp.partition)
                offset = stored.get(at)
                if offset is None or not first[tp] <= offset <= last[tp]:
                    begun.append(at)
                    offset = first[tp]
                    self._say(at, stored.get(at), offset)
                positions[at] = offset
            await self._begin(connection, begun, positions)
        finally:
            await postgres.close(connection)
        return positions

    async def _stored(
        self, connection: Connection, assigned: Sequence[TopicPartition]
    ) -> dict[Partition, int]:
        topics = [tp.topic for tp in assigned]
        numbers = [tp.partition for tp in assigned]
        rows = await connection.fetch(SQL["read_offsets"], self._group, topics, numbers)
        return {
            Partition(row["topic"], row["partition"]): row["next_offset"]
            for row in rows
            if row["cluster_id"] == self._cluster_id
        }

    async def _begin(
        self,
        connection: Connection,
        begun: Sequence[Partition],
        positions: Mapping[Partition, int],
    ) -> None:
        if begun:
            await connection.execute(
                SQL["begin_offsets"],
                self._group,
                [at.topic for at in begun],
                [at.partition for at in begun],
                self._cluster_id,
                [positions[at] for at in begun],
            )

    def _say(self, at: Partition, stored: int | None, offset: int) -> None:
        _log.warning(
            "reading a partition from its earliest record",
            extra={
                "topic": at.topic,
                "partition": at.partition,
                "stored": stored,
                "offset": offset,
                "cluster": self._cluster_id,
            },
        )


async def read_cluster_id(settings: KafkaSettings) -> str:
    """Ask the broker which cluster it is of, however long it takes to be there."""
    backoff = Backoff(first_seconds=0.2, cap_seconds=5.0)
    while True:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=settings.bootstrap, request_timeout_ms=settings.request_timeout_ms
        )
        try:
            await start_whole(admin.start())
            return str((await admin.describe_cluster())["cluster_id"])
        except (KafkaError, OSError) as error:
            delay = backoff.next_seconds()
            _log.warning(
                "broker not reachable", extra={"error": describe(error), "retry_in": delay}
            )
            await asyncio.sleep(delay)
        finally:
            await admin.close()
