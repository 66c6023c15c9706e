"""Telling dead letters again: the original bytes, key and headers to the original topic."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka.errors import (
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    UnknownTopicOrPartitionError,
)

from shared.contract.codec import Record
from shared.pipeline import operator
from shared.pipeline.operator import Choice, WholeLetter
from shared.platform.kafka import abandon, create_producer
from shared.platform.postgres import Connection
from shared.platform.settings import KafkaSettings

PAGE: Final = 50
"""Letters in memory at a time; the largest are 4 MB."""

ACK_SECONDS: Final = 15.0
"""The driver itself would try for ever; a person waits at the terminal."""

Acknowledgement = asyncio.Future[object]


class Replay:
    """Sends dead letters to where they came from, and marks them once the broker has them.

    In the order of their ids and to the partitions they were in, so that a member's stay in
    order. A crash between both tells them twice, which is harmless: causes tell that apart.
    """

    def __init__(self, connection: Connection, settings: KafkaSettings) -> None:
        """Take the database's owner and the broker; nothing is sent before `start`."""
        self.sent = 0
        self.refused: dict[int, str] = {}
        self._connection = connection
        self._producer = create_producer(settings, client_id="jifen-replay")
        self._partitions: dict[str, frozenset[int]] = {}
        self._waiting: dict[Acknowledgement, int] = {}

    async def start(self) -> None:
        """Connect to the broker; raises KafkaError where none answers."""
        await self._producer.start()

    async def close(self) -> None:
        """Give up what the broker did not confirm."""
        await abandon(self._producer)
        for future in self._waiting:
            if future.done() and not future.cancelled():
                future.exception()

    async def open_ones(self, choice: Choice) -> None:
        """Send all open dead letters of a choice.

        What fails again while this runs is a new dead letter, and left for the next time.
        """
        up_to = await operator.newest_dead_letter(self._connection)
        after = 0
        while ids := await operator.find_open(
            self._connection, choice, after=after, up_to=up_to, limit=PAGE
        ):
            await self.letters(await operator.read_dead_letters(self._connection, ids))
            after = ids[-1]

    async def letters(self, letters: Sequence[WholeLetter]) -> None:
        """Send dead letters; those that can't be sent end up in `refused`, with the reason.

        Raises KafkaError when the broker does not confirm; what it did confirm is marked.
        """
        await self._find_partitions({one.record.topic for one in letters})
        self._waiting = {}
        try:
            async with asyncio.timeout(ACK_SECONDS):
                for one in letters:
                    await self._send(one)
                if self._waiting:
                    await asyncio.wait(self._waiting)
        except TimeoutError:
            raise KafkaTimeoutError(f"not confirmed within {ACK_SECONDS:g} s") from None
        finally:
            await self._mark_confirmed()
        for future in self._waiting:
            future.result()

    async def _find_partitions(self, topics: set[str]) -> None:
        for topic in sorted(topics - self._partitions.keys()):
            try:
                found = await self._producer.partitions_for(topic)
            except UnknownTopicOrPartitionError:
                found = ()
            self._partitions[topic] = frozenset(found)

    async def _send(self, one: WholeLetter) -> None:
        record = one.record
        there = self._partitions[record.topic]
        if not one.has_bytes:
            self.refused[one.letter.id] = "its bytes could not be read, only where they are"
        elif not there:
            self.refused[one.letter.id] = f"there is no topic {record.topic}"
        else:
            partition = record.partition if record.partition in there else None
            try:
                self._waiting[await self._produce(record, partition, there)] = one.letter.id
            except MessageSizeTooLargeError:
                self.refused[one.letter.id] = "it is larger than the broker takes"

    async def _produce(
        self, record: Record, partition: int | None, there: frozenset[int]
    ) -> Acknowledgement:
        headers = list(record.headers)
        future: Acknowledgement
        if record.key is None and record.value is None:
            # The driver's `send` refuses what Kafka itself takes.
            batch = self._producer.create_batch()
            batch.append(timestamp=None, key=None, value=None, headers=headers)
            at = min(there) if partition is None else partition
            future = await self._producer.send_batch(batch, record.topic, partition=at)
        else:
            future = await self._producer.send(
                record.topic, record.value, record.key, partition, headers=headers
            )
        return future

    async def _mark_confirmed(self) -> None:
        confirmed = [
            letter_id
            for future, letter_id in self._waiting.items()
            if future.done() and not future.cancelled() and future.exception() is None
        ]
        await operator.mark_replayed(self._connection, confirmed)
        self.sent += len(confirmed)
