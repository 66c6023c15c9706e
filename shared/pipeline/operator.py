"""What operators see and do: dead letters, parked events, the brake, and an order's trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from shared.contract.codec import Record
from shared.pipeline import store
from shared.pipeline.rows import record_of
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements

SQL: Final = load_statements("shared.pipeline", "operator.sql")

_UNREADABLE: Final = "unreadable-record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which dead letters are meant; None is any. `closed`: those settled already as well."""

    group: str | None = None
    topic: str | None = None
    reason: str | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A dead letter without its bytes; `member_id` and `cause` where it could be decoded."""

    id: int
    group: str
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    member_id: str | None
    cause: str | None
    isolated: bool
    at: datetime
    replayed_at: datetime | None
    dismissed_at: datetime | None
    dismissed_by: str | None

    @property
    def settled(self) -> bool:
        """Tell whether nobody needs to look at it any more."""
        return self.replayed_at is not None or self.dismissed_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeLetter:
    """A dead letter with the record it was."""

    letter: DeadLetter
    record: Record

    @property
    def has_bytes(self) -> bool:
        """Tell a tombstone, which can be told again, from a record that nobody could read."""
        return self.letter.reason != _UNREADABLE or self.record.value is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """A line of a member's ledger; `reason` is its JSON text."""

    member_id: str
    seq: int
    cause: str
    kind: str
    points: int
    balance: int
    reason: str
    revision: int | None
    occurred_at: datetime
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """An event that waits for a cause; abandoned ones still apply should that come."""

    id: int
    group: str
    awaits: str
    member_id: str
    cause: str
    topic: str
    partition: int
    offset: int
    parked_at: datetime
    abandoned_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """A group's brake; `isolated_open` counts what halving set aside and nobody settled yet."""

    group: str
    engaged: bool
    tripped_at: datetime | None
    detail: str
    released_at: datetime | None
    released_by: str
    isolated_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedProgram:
    """A revision with its document as applied; `effective_at` is None for the first."""

    revision: int
    newest: int
    effective_at: datetime | None
    document: str
    applied_by: str
    applied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What became of the events of an order, as far as rows tell."""

    order_id: str
    member_id: str | None
    applied: tuple[EntryLine, ...]
    parked: tuple[ParkedEvent, ...]
    dead_letters: tuple[DeadLetter, ...]

    @property
    def known_tellings(self) -> int:
        """Count the tellings that left a row; a duplicate that says the same leaves none."""
        return len(self.applied) + len(self.parked) + len(self.dead_letters)


async def list_dead_letters(
    connection: Connection, choice: Choice, *, limit: int
) -> list[DeadLetter]:
    """Return dead letters, newest first."""
    rows = await connection.fetch(SQL["list_dead_letters"], *_chosen(choice), limit)
    return [_letter(row) for row in rows]


async def count_dead_letters(connection: Connection, choice: Choice) -> dict[str, int]:
    """Count dead letters by reason, the most frequent first."""
    rows = await connection.fetch(SQL["count_dead_letters"], *_chosen(choice))
    return {row["reason"]: row["letters"] for row in rows}


async def read_dead_letters(connection: Connection, ids: Sequence[int]) -> list[WholeLetter]:
    """Read dead letters with their bytes, in the order of their ids; absent ones are left out."""
    rows = await connection.fetch(SQL["read_dead_letters"], ids)
    return [WholeLetter(letter=_letter(row), record=record_of(dict(row))) for row in rows]


async def find_open(
    connection: Connection, choice: Choice, *, after: int, up_to: int, limit: int
) -> list[int]:
    """Find the next dead letters that can be told again, oldest first."""
    rows = await connection.fetch(
        SQL["find_open"], after, up_to, choice.group, choice.topic, choice.reason, limit
    )
    return [row["id"] for row in rows]


async def newest_dead_letter(connection: Connection) -> int:
    """Return the highest id there is, 0 where there is none."""
    newest: int = await connection.fetchval(SQL["newest_dead_letter"])
    return newest


async def mark_replayed(connection: Connection, ids: Sequence[int]) -> None:
    """Note that the broker has these records again."""
    await connection.execute(SQL["mark_replayed"], ids)


async def dismiss(connection: Connection, ids: Sequence[int], *, by: str) -> set[int]:
    """Settle dead letters without telling them again; return those that were open."""
    return {row["id"] for row in await connection.fetch(SQL["dismiss"], ids, by)}


async def find_entry(connection: Connection, member_id: str, cause: str) -> EntryLine | None:
    """Find the entry that a member has for a cause."""
    row = await connection.fetchrow(SQL["find_entry"], member_id, cause)
    return None if row is None else EntryLine(**dict(row))


async def list_parked(
    connection: Connection, *, group: str | None, abandoned: bool, limit: int
) -> list[ParkedEvent]:
    """Return parked events, oldest first: those that wait, or the abandoned ones."""
    rows = await connection.fetch(SQL["list_parked"], group, abandoned, limit)
    return [_parked(row) for row in rows]


async def show_brakes(connection: Connection) -> list[Brake]:
    """Return every brake that was ever tripped."""
    return [Brake(**dict(row)) for row in await connection.fetch(SQL["show_brakes"])]


async def release_brake(connection: Connection, group: str, *, by: str) -> bool:
    """Let a group consume again; tell whether its brake was engaged."""
    return bool(await connection.fetch(store.SQL["release_brake"], group, by))


async def read_epoch(connection: Connection) -> int:
    """Return the ledger's epoch."""
    epoch: int = await connection.fetchval(SQL["read_epoch"])
    return epoch


async def raise_epoch(connection: Connection) -> int:
    """Begin the next epoch and return it; for an owner, after a restore."""
    epoch: int = await connection.fetchval(SQL["raise_epoch"])
    return epoch


async def trace(connection: Connection, order_id: str) -> Trace:
    """Find what became of an order's events; reads one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        owner = await connection.fetchval(SQL["order_owner"], order_id)
        entries = await connection.fetch(SQL["order_entries"], order_id, owner)
        parked = await connection.fetch(SQL["order_parked"], order_id)
        letters = await connection.fetch(SQL["order_dead_letters"], order_id)
    return Trace(
        order_id=order_id,
        member_id=owner,
        applied=tuple([EntryLine(**dict(row)) for row in entries]),
        parked=tuple([_parked(row) for row in parked]),
        dead_letters=tuple([_letter(row) for row in letters]),
    )


async def read_program(connection: Connection, revision: int | None) -> AppliedProgram | None:
    """Return a revision, or without a number the one in force now."""
    row = await connection.fetchrow(SQL["read_program"], revision)
    return None if row is None else AppliedProgram(**dict(row))


def _chosen(choice: Choice) -> tuple[str | None, str | None, str | None, bool]:
    return choice.group, choice.topic, choice.reason, choice.closed


def _letter(row: asyncpg.Record) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        group=row["group_name"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["record_offset"],
        reason=row["reason"],
        detail=row["detail"],
        member_id=row["member_id"],
        cause=row["cause"],
        isolated=row["isolated"],
        at=row["at"],
        replayed_at=row["replayed_at"],
        dismissed_at=row["dismissed_at"],
        dismissed_by=row["dismissed_by"],
    )


def _parked(row: asyncpg.Record) -> ParkedEvent:
    return ParkedEvent(
        id=row["id"],
        group=row["group_name"],
        awaits=row["awaits"],
        member_id=row["member_id"],
        cause=row["cause"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["record_offset"],
        parked_at=row["parked_at"],
        abandoned_at=row["abandoned_at"],
    )
