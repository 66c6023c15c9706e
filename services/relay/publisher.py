"""A page of records to Kafka: batched by partition, in order, acknowledged."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from services.relay.domain import Outgoing
from shared.platform.clock import monotonic
from shared.platform.kafka import abandon, create_producer
from shared.platform.settings import KafkaSettings

Partition: TypeAlias = tuple[str, int]

# A broker that is restarted is back within this; afterwards it is better to begin again.
_ACK_SECONDS = 30.0
# Hashing a key in Python costs a third of sending its record, and active members repeat.
_MAX_HASHES = 200_000
# A topic that was missing is asked for again after this.
_MISSING_SECONDS = 60.0
_POSITIVE = 0x7FFFFFFF
# What the broker answers where the record is at fault; all else is trouble, and passes.
_REFUSALS = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTopicError)


class PublishError(Exception):
    """A page did not go out whole. What to do: a new producer, and read again.

    `refused` says that the broker will never take one of the records that failed.
    """

    def __init__(self, cause: Exception, *, refused: bool) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.refused = refused


class UnknownTopicError(PublishError):
    """The cluster has no such topic, or doesn't know yet who leads it."""

    def __init__(self, topic: str) -> None:
        super().__init__(LookupError(f"no topic {topic}"), refused=False)
        self.topic = topic


class MissingTopics:
    """Topics that were not there a moment ago: to ask for one takes the broker's time-out."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, topic: str) -> None:
        """Note that a topic is not there, for a minute."""
        self._until[topic] = monotonic() + _MISSING_SECONDS

    def split(self, records: Iterable[Outgoing]) -> tuple[list[Outgoing], list[Outgoing]]:
        """Tell records whose topic may be there from those whose topic is missing."""
        now = monotonic()
        known: list[Outgoing] = []
        missing: list[Outgoing] = []
        for record in records:
            (missing if self._until.get(record.topic, 0.0) > now else known).append(record)
        return known, missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Which rows Kafka has, durably, and why not the others."""

    acknowledged: Sequence[int]
    error: PublishError | None


@dataclass(slots=True, kw_only=True)
class _Batch:
    builder: BatchBuilder
    row_ids: list[int] = field(default_factory=list)


class Publisher:
    """Sends pages through one producer, which is good for as long as nothing fails."""

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._producer = create_producer(settings, client_id=client_id)
        self._hashes: dict[bytes, int] = {}

    async def start(self) -> None:
        """Connect; raises PublishError."""
        try:
            await self._producer.start()
        except KafkaError as error:
            raise PublishError(error, refused=False) from error

    async def close(self) -> None:
        """End at once: what was not acknowledged is still in the outbox."""
        await abandon(self._producer)

    async def publish(self, records: Sequence[Outgoing]) -> Outcome:
        """Send records, each key's in their order, and wait until Kafka has them.

        The partition of a key is Kafka's own choice (murmur2, as in Java). Batches are made
        here and not by `send`, which makes a future per record: that alone is 8 us of CPU each.
        Raises PublishError when sending could not even begin for all of them.
        """
        counts = await self._partition_counts({record.topic for record in records})
        sent: dict[asyncio.Future[object], list[int]] = {}
        try:
            await self._send(records, counts, sent)
        except KafkaError as error:
            raise PublishError(error, refused=False) from error
        return await _outcome(sent)

    async def _send(
        self,
        records: Sequence[Outgoing],
        counts: dict[str, int],
        sent: dict[asyncio.Future[object], list[int]],
    ) -> None:
        open_batches: dict[Partition, _Batch] = {}
        for row_id, topic, key, value, headers in records:
            place = (topic, self._hash(key) % counts[topic])
            batch = open_batches.get(place)
            if batch is None:
                batch = open_batches[place] = self._new_batch()
            if batch.builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
                await self._submit(place, batch, sent)
                batch = open_batches[place] = self._new_batch()
                batch.builder.append(timestamp=None, key=key, value=value, headers=headers)
            batch.row_ids.append(row_id)
        for place, batch in open_batches.items():
            await self._submit(place, batch, sent)

    def _new_batch(self) -> _Batch:
        return _Batch(builder=self._producer.create_batch())

    async def _submit(
        self, place: Partition, batch: _Batch, sent: dict[asyncio.Future[object], list[int]]
    ) -> None:
        topic, partition = place
        future = await self._producer.send_batch(batch.builder, topic, partition=partition)
        sent[future] = batch.row_ids

    async def _partition_counts(self, topics: set[str]) -> dict[str, int]:
        counts = {}
        for topic in sorted(topics):
            try:
                counts[topic] = len(await self._producer.partitions_for(topic))
            except UnknownTopicOrPartitionError as error:
                raise UnknownTopicError(topic) from error
            except KafkaError as error:
                raise PublishError(error, refused=isinstance(error, _REFUSALS)) from error
        return counts

    def _hash(self, key: bytes | None) -> int:
        if key is None:
            return 0
        known = self._hashes.get(key)
        if known is None:
            if len(self._hashes) >= _MAX_HASHES:
                self._hashes.clear()
            known = self._hashes[key] = murmur2(key) & _POSITIVE
        return known


async def _outcome(sent: dict[asyncio.Future[object], list[int]]) -> Outcome:
    done, waiting = await asyncio.wait(sent, timeout=_ACK_SECONDS)
    failures = [error for future in done if (error := future.exception()) is not None]
    acknowledged = [
        row_id for future in done if future.exception() is None for row_id in sent[future]
    ]
    return Outcome(acknowledged=acknowledged, error=_first_error(failures, len(waiting)))


def _first_error(failures: Sequence[BaseException], waiting: int) -> PublishError | None:
    # The refusal is what matters: batches behind it in its partition fail only because of it.
    for error in failures:
        if isinstance(error, _REFUSALS):
            return PublishError(error, refused=True)
    for error in failures:
        if isinstance(error, Exception):
            return PublishError(error, refused=False)
    if waiting:
        late = TimeoutError(f"{waiting} batches not acknowledged within {_ACK_SECONDS:g} s")
        return PublishError(late, refused=False)
    return None
