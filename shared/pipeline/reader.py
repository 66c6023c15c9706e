"""aiokafka's edges: a consumer whose `getmany` hands out unreadable records instead of raising.

aiokafka decodes header names, checksums and codecs inside `getmany`. Where that raises, what was
drained of other partitions is lost, and the same poll raises for ever. Here the positions are
taken back first; then the log is read in a patient way that understands more and, record by
record, steps over what nobody can read. See docs/decisions/faststream-edges.md.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, SupportsIndex, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    IllegalStateError,
    KafkaError,
)
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy
from typing_extensions import override

from shared.platform.log import describe

PATIENT_POLLS: Final = 200
"""Polls without a failure after which reading is fast again."""

PATIENT_RECORDS: Final = 500
"""Read of one partition at a time while patient: few enough to be read again one by one."""

WAIT_MS: Final = 250
"""How long a poll waits for the first record; FastStream's own time-out is also its sleep."""

_log = logging.getLogger(__name__)


Read: TypeAlias = "ConsumerRecord[Any, Any]"


@dataclass
class Unreadable(ConsumerRecord[Any, Any]):
    """A record of which only the coordinates can be told, and why."""

    error: str = ""


class PatientConsumer(AIOKafkaConsumer):
    """An AIOKafkaConsumer that survives what is in the log.

    `stored` says where each assigned partition is to be read from, which is what has been
    committed to the database: the place to go back to when a poll loses what it had drained.
    `polled` hears of every poll, whatever it brings.
    """

    stored: Callable[[], Mapping[TopicPartition, int]]
    polled: Callable[[], None]

    _patience = 0
    _suspects: frozenset[TopicPartition] = frozenset()

    @override
    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Read]]:
        """Return what there is to read, unreadable records among it."""
        self.polled()
        if self._patience:
            return await self._read_patiently(timeout_ms)
        try:
            records: dict[TopicPartition, list[Read]] = await super().getmany(
                *partitions, timeout_ms=max(timeout_ms, WAIT_MS), max_records=max_records
            )
        except Exception as error:
            if not _is_unreadable(error):
                raise
            _log.warning("poll failed, reading record by record", extra={"error": describe(error)})
            self._go_back()
            return {}
        return records

    def _go_back(self) -> None:
        self._patience = PATIENT_POLLS
        _parser.lenient = True
        for partition, offset in self.stored().items():
            self.seek(partition, offset)

    async def _read_patiently(self, timeout_ms: int) -> dict[TopicPartition, list[Read]]:
        self._patience -= 1
        if not self._patience:
            _parser.lenient = False
            self._suspects = frozenset()
        share = max(1, timeout_ms // max(1, len(self.stored())))
        found: dict[TopicPartition, list[Read]] = {}
        for partition in self.stored():
            found.update(await self._read_one(partition, share))
        return found

    async def _read_one(
        self, partition: TopicPartition, timeout_ms: int
    ) -> dict[TopicPartition, list[Read]]:
        """Read some of a partition; where that fails, record by record from there.

        Only what fails alone as well is stepped over: a failure that passes costs nothing.
        """
        alone = partition in self._suspects
        try:
            read: dict[TopicPartition, list[Read]] = await super().getmany(
                partition, timeout_ms=timeout_ms, max_records=1 if alone else PATIENT_RECORDS
            )
        except Exception as error:
            if not _is_unreadable(error):
                raise
            if alone:
                return {partition: [await self._step_over(partition, error)]}
            self._patience = PATIENT_POLLS
            self._suspects |= {partition}
            # What was drained before the failure is lost; the position is still before it.
            self.seek(partition, await self.position(partition))
            return {}
        return read

    async def _step_over(self, partition: TopicPartition, error: Exception) -> Unreadable:
        self._patience = PATIENT_POLLS
        offset = await self.position(partition)
        self.seek(partition, offset + 1)
        return Unreadable(
            topic=partition.topic,
            partition=partition.partition,
            offset=offset,
            timestamp=-1,
            timestamp_type=0,
            key=None,
            value=None,
            checksum=None,
            serialized_key_size=-1,
            serialized_value_size=-1,
            headers=(),
            error=describe(error),
        )


def _is_unreadable(error: Exception) -> bool:
    """Tell what is wrong with a record from what is wrong with the connection or the caller."""
    if isinstance(error, CorruptRecordException):
        return True
    return not isinstance(error, KafkaError | ConsumerStoppedError | IllegalStateError | OSError)


class _Text(bytearray):
    """Bytes that are read as text whatever they are; what is no UTF-8 shows as surrogates."""

    @override
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "surrogateescape")


class _Buffer(bytearray):
    """A batch's bytes, of which every slice is `_Text`."""

    @override
    def __getitem__(self, index: SupportsIndex | slice, /) -> Any:
        part = super().__getitem__(index)
        return _Text(part) if isinstance(part, bytearray) else part


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # final, but not at run time
    """A record batch whose header names may be any bytes."""

    @override
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        if not isinstance(self._buffer, _Buffer):
            self._buffer = _Buffer(self._buffer)


class _LenientRecords:
    """Fetched bytes, batch by batch, read by `_LenientBatch`."""

    def __init__(self, data: bytes) -> None:
        self._records = _MemoryRecordsPy(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def next_batch(self) -> Any:
        """Return the next batch; message formats before v2 have no headers."""
        data = self._records._next_slice  # noqa: SLF001 - the batch in front, as bytes
        batch = self._records.next_batch()
        if batch is None or data is None or data[self._records.MAGIC_OFFSET] < 2:  # noqa: PLR2004
            return batch
        return _LenientBatch(data)


class _Parser:
    """Chooses how fetched bytes are read: fast, or leniently while a consumer is patient."""

    lenient = False

    def __call__(self, data: bytes) -> Any:
        return _LenientRecords(data) if self.lenient else MemoryRecords(data)


_parser = _Parser()
setattr(fetcher, "MemoryRecords", _parser)  # noqa: B010 - not an export of that module
