"""Records understood ahead: that needs no database, and goes on while a batch waits for it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from shared.contract.codec import Record
from shared.pipeline.command import Item, Refused

STEP: Final = 20
"""Records understood at a time, a third of a millisecond: what came for the batch waits so long."""


class Ahead:
    """The records of a poll; those understood ahead are handed out as they are."""

    def __init__(
        self, records: Sequence[Record | Refused], understand: Callable[[Record], Item]
    ) -> None:
        """Take the records; nothing is understood yet."""
        self._records, self._understand = records, understand
        self._items: list[Item] = []

    def take(self, first: int, most: int) -> list[Item]:
        """Return up to so many items from there, understanding those that are not yet."""
        self._reach(first + most)
        return self._items[first : first + most]

    async def run(self, end: int) -> None:
        """Understand those before `end`, step by step, when the event loop has nothing else to do.

        No more than the next batch: what is understood too early has left the cache by its turn.
        """
        while len(self._items) < min(end, len(self._records)):
            self._reach(len(self._items) + STEP)
            await asyncio.sleep(0)

    def _reach(self, end: int) -> None:
        more = self._records[len(self._items) : end]
        self._items += [one if isinstance(one, Refused) else self._understand(one) for one in more]
