"""Domains that behave like earn, but for one planted fault."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from typing_extensions import override

from services.earn.domain.desk import Desk
from services.earn.handlers import GROUP, Earn
from shared.contract.codec import Event, Record
from shared.ledger.book import Book
from shared.ledger.entries import Cause, Telling
from shared.pipeline.command import Command, Moment, Outcome
from shared.platform.postgres import Connection

ZONE = "Asia/Shanghai"


@dataclass(kw_only=True)
class Planted:
    """Earn itself; subclasses plant a fault."""

    earn: Earn = field(default_factory=lambda: Earn(zone=ZONE))

    @property
    def group(self) -> str:
        return GROUP

    @property
    def opens_accounts(self) -> bool:
        return True

    @property
    def zone(self) -> str:
        return self.earn.zone

    def in_zone(self, zone: str) -> Self:
        return replace(self, earn=self.earn.in_zone(zone))

    def command(self, event: Event, record: Record) -> Command:
        return self.earn.command(event, record)

    async def lock(self, connection: Connection, commands: Sequence[Command]) -> Desk:
        return await self.earn.lock(connection, commands)

    def asks(self, command: Command, state: Desk) -> Sequence[Cause]:
        return self.earn.asks(command, state)

    def only_adds(self, command: Command) -> bool:
        return self.earn.only_adds(command)

    async def load(self, connection: Connection, commands: Sequence[Command], state: Desk) -> None:
        await self.earn.load(connection, commands, state)

    def decide(
        self, command: Command, telling: Telling, book: Book, state: Desk, moment: Moment
    ) -> Outcome:
        return self.earn.decide(command, telling, book, state, moment)

    async def store(self, connection: Connection, state: Desk) -> None:
        await self.earn.store(connection, state)


@dataclass(kw_only=True)
class Buggy(Planted):
    """A rule raises for some commands, until it is mended."""

    raises_for: Callable[[Command], bool]
    error: Exception = field(default_factory=lambda: ZeroDivisionError("division by zero"))

    @override
    def decide(
        self, command: Command, telling: Telling, book: Book, state: Desk, moment: Moment
    ) -> Outcome:
        if self.raises_for(command):
            raise self.error
        return super().decide(command, telling, book, state, moment)


@dataclass(kw_only=True)
class Disturbed(Planted):
    """Once, something is done to the connection in the middle of a batch."""

    statement: str
    before: str
    disturbances: int = 1

    @override
    async def load(self, connection: Connection, commands: Sequence[Command], state: Desk) -> None:
        await super().load(connection, commands, state)
        await self._once(connection, "decide")

    @override
    async def store(self, connection: Connection, state: Desk) -> None:
        await self._once(connection, "store")
        await super().store(connection, state)
        await self._once(connection, "commit")

    async def _once(self, connection: Connection, moment: str) -> None:
        if moment == self.before and self.disturbances:
            self.disturbances -= 1
            await connection.execute(self.statement)


@dataclass(kw_only=True)
class Refusing(Planted):
    """The database refuses what the service stores while a member is in the batch."""

    member_id: str
    statement: str
    seen: bool = False

    @override
    async def load(self, connection: Connection, commands: Sequence[Command], state: Desk) -> None:
        self.seen = any(command.member_id == self.member_id for command in commands)
        await super().load(connection, commands, state)

    @override
    async def store(self, connection: Connection, state: Desk) -> None:
        if self.seen:
            await connection.execute(self.statement)
        await super().store(connection, state)


@dataclass(kw_only=True)
class Meeting(Planted):
    """Waits for another writer in the middle of its transaction, once per round."""

    at: str
    barrier: asyncio.Barrier | None = None

    @override
    async def lock(self, connection: Connection, commands: Sequence[Command]) -> Desk:
        if self.at == "lock":
            await self._meet()
        return await super().lock(connection, commands)

    @override
    async def load(self, connection: Connection, commands: Sequence[Command], state: Desk) -> None:
        await super().load(connection, commands, state)
        if self.at == "decide":
            await self._meet()

    async def _meet(self) -> None:
        barrier, self.barrier = self.barrier, None
        if barrier is not None:
            await barrier.wait()
