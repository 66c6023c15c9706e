"""What the consumer read, in order: nothing twice, no gap unnoticed, bad records refused."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from shared.contract.codec import Record
from shared.pipeline.command import Refused
from shared.pipeline.reader import Read, Unreadable
from shared.pipeline.store import Partition

Taken: TypeAlias = Record | Refused

SeekBack: TypeAlias = Callable[[Partition, int], None]
OnHole: TypeAlias = Callable[[Partition, int], None]


class Intake:
    """Holds what was read against what is expected next, partition by partition."""

    def __init__(self, seek_back: SeekBack, on_hole: OnHole) -> None:
        """Take what to do about a gap: first seek back, then count a real hole."""
        self._seek_back, self._on_hole = seek_back, on_hole
        self._tried: dict[Partition, int] = {}

    def take(self, read: Iterable[Read], expected: Mapping[Partition, int]) -> list[Taken]:
        """Return what follows on from the expected offsets; leave the rest to be read again."""
        next_offsets = dict(expected)
        skipped: set[Partition] = set()
        taken: list[Taken] = []
        for one in read:
            at = Partition(one.topic, one.partition)
            wanted = next_offsets.get(at)
            if wanted is None or at in skipped or one.offset < wanted:
                continue
            if one.offset > wanted and wanted == expected[at] and self._first_time(at, wanted):
                skipped.add(at)
                self._seek_back(at, wanted)
                continue
            if one.offset > wanted:
                self._on_hole(at, one.offset - wanted)
            next_offsets[at] = one.offset + 1
            taken.append(_taken(one))
        return taken

    def forget(self) -> None:
        """Give each gap its second chance anew: reading goes on from somewhere else."""
        self._tried.clear()

    def _first_time(self, at: Partition, wanted: int) -> bool:
        if self._tried.get(at) == wanted:
            del self._tried[at]
            return False
        self._tried[at] = wanted
        return True


def _taken(read: Read) -> Taken:
    if isinstance(read, Unreadable):
        record = Record(
            topic=read.topic,
            partition=read.partition,
            offset=read.offset,
            timestamp_ms=-1,
            key=None,
            value=None,
            headers=(),
        )
        return Refused(
            reason="unreadable-record",
            detail=f"expected a record of Kafka's format, got {read.error}",
            record=record,
        )
    return _record_of(read)


def _record_of(read: Read) -> Taken:
    strange = [name for name, _ in read.headers if not name.isascii() and _has_surrogates(name)]
    headers: tuple[tuple[str, bytes | None], ...] = tuple(read.headers)
    if strange:
        headers = tuple([(_readable(name), value) for name, value in headers])
    record = Record(
        topic=read.topic,
        partition=read.partition,
        offset=read.offset,
        timestamp_ms=read.timestamp,
        key=read.key,
        value=read.value,
        headers=headers,
    )
    if not strange:
        return record
    names = ", ".join([_readable(name) for name in strange])
    return Refused(
        reason="unreadable-record",
        detail=f"expected header names in UTF-8, got {names}",
        record=record,
    )


def _has_surrogates(name: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _readable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
