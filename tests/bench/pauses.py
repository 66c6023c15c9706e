"""How long the partitions of a topic stood still: their stored offsets, looked at all the time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.platform.clock import monotonic
from tests.integration.consuming.shop import Books

LOOK_SECONDS = 0.1
NOTABLE_SECONDS = 0.5

_OFFSETS = "SELECT partition, next_offset FROM messaging.consumer_offset WHERE topic = $1"


@dataclass(slots=True, kw_only=True)
class Pauses:
    """What was seen of partitions that always have something to read.

    A pause ends when its partition moves on: one that has been read to its end pauses no more.
    Of a backlog a process reads one partition after the other, so that one waits for its turn
    without anybody pausing; there it counts for how long none of them moved.
    """

    longest_seconds: float = 0.0
    still_seconds: float = 0.0
    notable: int = 0
    _seen: dict[int, tuple[int, float]] = field(default_factory=dict)
    _moved_at: float | None = None

    def look(self, partition: int, offset: int, at: float) -> None:
        before, since = self._seen.get(partition, (-1, at))
        if offset != before:
            self.longest_seconds = max(self.longest_seconds, at - since)
            self.notable += at - since > NOTABLE_SECONDS
            self._seen[partition] = offset, at
            self.still_seconds = max(self.still_seconds, at - (self._moved_at or at))
            self._moved_at = at

    def spelt(self) -> str:
        return (
            f"longest pause of a partition {self.longest_seconds:.2f} s,"
            f" {self.notable} beyond {NOTABLE_SECONDS} s; none of them moved for"
            f" {self.still_seconds:.2f} s at most"
        )


@asynccontextmanager
async def watching(books: Books, topic: str = "orders.v1") -> AsyncIterator[Pauses]:
    """Look at a topic's partitions as long as the context lasts."""
    pauses = Pauses()

    async def watch() -> None:
        async with books.connected() as connection:
            while True:
                for row in await connection.fetch(_OFFSETS, topic):
                    pauses.look(row["partition"], row["next_offset"], monotonic())
                await asyncio.sleep(LOOK_SECONDS)

    task = asyncio.create_task(watch())
    try:
        yield pauses
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
