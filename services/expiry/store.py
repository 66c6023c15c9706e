"""Expiry's rows: how far each part of the members is, what is due of it, and its reminders."""

from datetime import date, datetime
from typing import Final, NamedTuple

from shared.expiry.plan import Span
from shared.ledger.entries import MemberId
from shared.ledger.lots import Lot
from shared.ledger.store import Books
from shared.pipeline.errors import LostRaceError
from shared.platform.leader import Lock, try_lock
from shared.platform.postgres import Connection, lines
from shared.platform.sql import load_statements

BUCKETS: Final = 64

SESSION_SETTINGS: Final = {
    # Rows are looked up by key, and plans are cached while tables may still be empty.
    "enable_seqscan": "off",
    # The process is stopped, its machine alive: others take over what it held.
    "idle_session_timeout": "10000",
}

_SQL: Final = load_statements("services.expiry")

# "jifx" in ASCII: a class of locks that nobody else of this database uses.
_LOCKS: Final = 0x6A696678
LEADER: Final = Lock(_LOCKS, BUCKETS)
"""The lock of the one that schedules."""


class At(NamedTuple):
    """A place among the lots of a part, which are in the order of dates, then of members."""

    expires_on: date
    member_id: str


class Bucket(NamedTuple):
    """How far a part of the members is; `at` is the last place that is swept."""

    at: At
    sweep_to: date
    planned_through: date | None
    plan_on: date | None


class Reminded(NamedTuple):
    """A page of planning: the last place of it, its lots, and the reminders that were new."""

    at: At | None
    lots: int
    reminders: int


class Run(NamedTuple):
    """A sweep that an operator asked for."""

    run_id: int
    as_of: date
    requested_by: str
    requested_at: datetime


class Overdue(NamedTuple):
    """What is past its date and not swept; the seconds are since the oldest's day was over."""

    lots: int
    oldest_seconds: float


async def try_take(connection: Connection, bucket: int) -> bool:
    """Try to take a part of the members; it is held until `release`, or the session's end."""
    return await try_lock(connection, Lock(_LOCKS, bucket))


async def release(connection: Connection, bucket: int) -> None:
    """Let others have a part of the members."""
    await connection.fetchval(_SQL["release"], _LOCKS, bucket)


async def read_clock(connection: Connection) -> datetime:
    """Read the database's clock."""
    now: datetime = await connection.fetchval(_SQL["clock"])
    return now


async def raise_targets(connection: Connection, sweep_to: date, plan_on: date | None) -> None:
    """Let all parts sweep up to a date and plan a day; neither ever goes back."""
    await connection.execute(_SQL["raise_targets"], sweep_to, plan_on)


async def finish_runs(connection: Connection) -> list[int]:
    """Note which runs are through, and return them."""
    return [row["run_id"] for row in await connection.fetch(_SQL["finish_runs"])]


async def request_run(
    connection: Connection, as_of: date, by: str, plan_on: date | None = None
) -> Run:
    """Have everything looked at again from the beginning of time on; in a transaction.

    A day to plan reminders on is planned whatever the hour.
    """
    row = await connection.fetchrow(_SQL["request_run"], as_of, by)
    if row is None:
        raise AssertionError("an INSERT returns its row")
    await connection.execute(_SQL["rewind"], plan_on)
    return Run(*row)


async def find_work(connection: Connection, zone: str) -> list[int]:
    """Name the parts that have something to sweep, or to plan on this day of the zone."""
    return [row["bucket"] for row in await connection.fetch(_SQL["find_work"], zone)]


async def read_bucket(connection: Connection, bucket: int) -> Bucket:
    """Read how far a part is."""
    row = await connection.fetchrow(_SQL["read_bucket"], bucket)
    if row is None:
        raise LookupError(f"there is no part {bucket}")
    after, member, *rest = row
    return Bucket(At(after, member), *rest)


async def find_due(
    connection: Connection, bucket: int, after: At, sweep_to: date, limit: int
) -> list[At]:
    """Find the next lots that are past their date, in order."""
    rows = await connection.fetch(_SQL["find_due"], bucket, *after, sweep_to, limit)
    return [At(expires_on, member_id) for member_id, expires_on in rows]


async def advance(
    connection: Connection, bucket: int, after: At, to: At, *, failed_from: date | None = None
) -> None:
    """Move a part on, in the transaction that settled what lies between.

    Raises LostRaceError where it is not where this worker found it. `failed_from` is the earliest
    date of which a member was left behind.
    """
    if not await connection.fetchval(_SQL["advance"], bucket, *after, *to, failed_from):
        raise LostRaceError(f"part {bucket} is not at {after} any more")


async def load_due(connection: Connection, books: Books, since: date, today: date) -> None:
    """Load of locked members the lots that a day finds due, which is all that settling needs.

    Those before `since` are swept: a member of many years has many.
    """
    for member_id, expires_on, *lot in await connection.fetch(
        _SQL["load_due"], lines(books), since, today
    ):
        books[MemberId(member_id)].lots[expires_on] = Lot(*lot)


async def finish_sweep(connection: Connection, bucket: int, at: At, sweep_to: date) -> bool:
    """Note that a part is swept through a date; tell whether nobody was left behind.

    Raises LostRaceError where it is not where this worker found it.
    """
    whole = await connection.fetchval(_SQL["finish_sweep"], bucket, *at, sweep_to)
    if whole is None:
        raise LostRaceError(f"part {bucket} is not at {at} any more")
    return bool(whole)


async def remind(
    connection: Connection, bucket: int, span: Span, after: At, limit: int
) -> Reminded:
    """Plan and announce a page of one stage's reminders, in one transaction of its own."""
    row = await connection.fetchrow(_SQL["remind"], bucket, *after, span.through, span.stage, limit)
    if row is None:
        raise AssertionError("a count always has one row")
    at = At(row["expires_on"], row["member_id"]) if row["lots"] else None
    return Reminded(at, row["lots"], row["reminders"])


async def count_missed(connection: Connection, bucket: int, span: Span) -> int:
    """Count who would have been told at a stage that was overtaken."""
    missed: int = await connection.fetchval(
        _SQL["count_missed"], bucket, span.after, span.through, span.stage
    )
    return missed


async def finish_plan(
    connection: Connection, bucket: int, before: date | None, day: date, skipped: int
) -> bool:
    """Note that a part's reminders are planned through a day; false where another was first."""
    return bool(await connection.fetchval(_SQL["finish_plan"], bucket, before, day, skipped))


async def read_overdue(connection: Connection, zone: str, *, limit: int) -> Overdue:
    """Count what is past its date and not swept, up to the limit."""
    row = await connection.fetchrow(_SQL["overdue"], zone, limit)
    if row is None:
        raise AssertionError("a count always has one row")
    return Overdue(*row)
