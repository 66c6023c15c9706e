"""Batches that post no points: offsets, decisions and rows in one transaction, without a ledger.

No account is locked, nothing waits for a cause: whoever needs either writes through `Batch`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, Protocol, TypeAlias, runtime_checkable

from shared.contract.codec import Event, Record
from shared.ledger.store import read_clock
from shared.pipeline import store
from shared.pipeline.command import Command, Item, Refused, understood
from shared.pipeline.domain import State
from shared.pipeline.fold import Folded
from shared.pipeline.stages import Stages
from shared.pipeline.store import Move
from shared.platform.postgres import Connection

Decision: TypeAlias = Literal["applied", "duplicate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored(Refused):
    """A record that is none of the service's business: counted, and no dead letter."""

    reason: str = "ignored"
    detail: str = ""


@runtime_checkable
class Plain(Protocol[State]):
    """What differs between services without points; called in the order given here."""

    @property
    def group(self) -> str:
        """The consumer group; offsets and dead letters are kept under it."""
        ...

    def ignores(self, record: Record) -> bool:
        """Tell by the headers alone whether a record concerns others; it is not decoded then."""
        ...

    def command(self, event: Event, record: Record) -> Command | Ignored:
        """Name the cause of an event; ContractError for one that can't be used. Pure."""
        ...

    async def load(self, connection: Connection, commands: Sequence[Command]) -> State:
        """Lock and read what deciding these commands needs, each kind ordered by key."""
        ...

    def decide(self, command: Command, state: State, now: datetime) -> Decision:
        """Decide one command: change the state, unless it was decided before. Pure."""
        ...

    async def store(self, connection: Connection, state: State) -> None:
        """Write what deciding changed."""
        ...

    def committed(self, state: State) -> None:
        """Count what was written; the transaction has ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainBatch(Generic[State]):
    """The unit of work of one service that posts nothing."""

    domain: Plain[State]
    cluster_id: str

    @property
    def group(self) -> str:
        """The consumer group whose offsets move with each batch."""
        return self.domain.group

    def understand(self, record: Record) -> Item:
        """Turn a record into a command, or into why it is none; never raises for its bytes."""
        if self.domain.ignores(record):
            return Ignored(record=record)
        return understood(record, self.domain.command)

    async def run(
        self, connection: Connection, items: Sequence[Item], moves: Sequence[Move], stages: Stages
    ) -> Folded:
        """Apply items and move offsets, or do nothing at all and raise, as `Batch.run` does."""
        domain = self.domain
        async with connection.transaction():
            await store.begin(
                connection, group=domain.group, cluster_id=self.cluster_id, moves=moves
            )
            commands = [item for item in items if isinstance(item, Command)]
            state = await domain.load(connection, commands)
            now = await read_clock(connection)
            stages.mark("load")
            folded = self._decide(items, state, now)
            stages.mark("decide")
            await domain.store(connection, state)
            await store.write(connection, domain.group, folded)
            stages.mark("store")
        stages.mark("commit")
        domain.committed(state)
        return folded

    def _decide(self, items: Sequence[Item], state: State, now: datetime) -> Folded:
        folded = Folded()
        for item in items:
            if isinstance(item, Command):
                folded.results.append((item, self.domain.decide(item, state, now)))
            elif isinstance(item, Ignored):
                folded.results.append((item, "ignored"))
            else:
                folded.dead.append(item)
                folded.results.append((item, "dead_lettered"))
        return folded
