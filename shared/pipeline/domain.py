"""The port a service implements to write through the pipeline."""

from collections.abc import Sequence
from typing import Protocol, Self, TypeVar

from shared.contract.codec import Event, Record
from shared.ledger.book import Book
from shared.ledger.entries import Cause, Telling
from shared.pipeline.command import Command, Moment, Outcome
from shared.platform.postgres import Connection

State = TypeVar("State")
"""What a service loads for a batch and changes while deciding it."""


class Domain(Protocol[State]):
    """What differs between services; the pipeline calls it in the order given here."""

    @property
    def group(self) -> str:
        """The consumer group; offsets, parked events and dead letters are kept under it."""
        ...

    @property
    def opens_accounts(self) -> bool:
        """Tell whether a command opens its member's account; else one without posts nothing."""
        ...

    @property
    def zone(self) -> str:
        """The program's zone: by its days causes are named and rows are read."""
        ...

    def in_zone(self, zone: str) -> Self:
        """Return this domain by the days of another zone; before the first entry it may change."""
        ...

    def command(self, event: Event, record: Record) -> Command:
        """Name the cause of an event; pure."""
        ...

    async def lock(self, connection: Connection, commands: Sequence[Command]) -> State:
        """Insert or lock what members share, each kind in one statement ordered by key."""
        ...

    def asks(self, command: Command, state: State) -> Sequence[Cause]:
        """Name the causes whose presence in the member's ledger deciding a command depends on.

        Its own is one of them, unless what was locked says that it can't be there.
        """
        ...

    def only_adds(self, command: Command) -> bool:
        """Tell whether a command takes no points, so that lots it could take from don't matter."""
        ...

    async def load(self, connection: Connection, commands: Sequence[Command], state: State) -> None:
        """Read the rest of what deciding these commands needs, under the members' locks."""
        ...

    def decide(
        self, command: Command, telling: Telling, book: Book, state: State, moment: Moment
    ) -> Outcome:
        """Decide one command: post to the book and change the state, or say why not. Pure."""
        ...

    async def store(self, connection: Connection, state: State) -> None:
        """Write what deciding changed."""
        ...
