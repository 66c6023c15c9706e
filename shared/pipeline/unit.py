"""The port between a writer and what it writes: one batch in one transaction."""

from collections.abc import Sequence
from typing import Protocol

from shared.contract.codec import Record
from shared.pipeline.command import Item
from shared.pipeline.fold import Folded
from shared.pipeline.stages import Stages
from shared.pipeline.store import Move
from shared.platform.postgres import Connection


class Unit(Protocol):
    """A unit of work: `Batch` where points are posted, `PlainBatch` where none are."""

    @property
    def group(self) -> str:
        """The consumer group whose offsets move with each batch."""
        ...

    def understand(self, record: Record) -> Item:
        """Turn a record into an item, whatever its bytes are; never raises for them."""
        ...

    async def run(
        self, connection: Connection, items: Sequence[Item], moves: Sequence[Move], stages: Stages
    ) -> Folded:
        """Apply items and move offsets, or do nothing at all and raise."""
        ...
