"""What would go and who would be told, and how far the service is; reads alone, in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from shared.expiry.plan import STAGES, Span, Stage, plan
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements
from shared.program.revisions import Revisions
from shared.program.store import read_newer

RUNS_SHOWN: Final = 5

_SQL: Final = load_statements("shared.expiry", "forecast.sql")


class NoProgramError(Exception):
    """There is no program yet, and so no zone in which days end."""


class Sum(NamedTuple):
    """So many members, and so many points of theirs."""

    members: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a day would do: lots that go, by date; reminders, and those left out, by stage."""

    as_of: date
    today: date
    due: dict[date, Sum]
    reminders: dict[Stage, Sum]
    missed: dict[Stage, Sum]


class Run(NamedTuple):
    """A sweep that an operator asked for."""

    run_id: int
    as_of: date
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far it is. `sweep_to` is the last date that was called over, `due` what is left of such.

    `planned_through` is None as long as reminders of some members were never planned.
    """

    today: date
    has_leader: bool
    open_parts: int
    sweep_to: date | None
    due: dict[date, Sum]
    planned_through: date | None
    skipped: int
    runs: tuple[Run, ...]


async def forecast(connection: Connection, as_of: date | None) -> Forecast:
    """Say what a day (today, if not given) would do; raises NoProgramError.

    Each part of the members is read in a snapshot of its own.
    """
    today = await _read_today(connection)
    day = as_of or today
    due: dict[date, Sum] = {}
    reminders, missed = dict.fromkeys(STAGES, Sum(0, 0)), dict.fromkeys(STAGES, Sum(0, 0))
    for bucket, planned_through in await connection.fetch(_SQL["list_buckets"]):
        await _add_due(connection, bucket, day, due)
        again = planned_through is None or planned_through >= day
        planned = plan(day, None if again else planned_through)
        await _add_reminders(connection, bucket, planned.due, reminders)
        await _add_reminders(connection, bucket, planned.missed, missed)
    return Forecast(
        as_of=day,
        today=today,
        due=dict(sorted(due.items())),
        reminders=reminders,
        missed=missed,
    )


async def read_status(connection: Connection) -> Status:
    """Say how far the sweep and the reminders are; raises NoProgramError."""
    today = await _read_today(connection)
    due: dict[date, Sum] = {}
    for bucket, _ in await connection.fetch(_SQL["list_buckets"]):
        await _add_due(connection, bucket, today, due)
    state = await connection.fetchrow(_SQL["read_state"])
    if state is None:
        raise AssertionError("a count always has one row")
    runs = await connection.fetch(_SQL["list_runs"], RUNS_SHOWN)
    return Status(
        today=today,
        has_leader=bool(state["leaders"]),
        open_parts=state["open_parts"],
        sweep_to=state["sweep_to"],
        due=dict(sorted(due.items())),
        planned_through=state["planned_through"] if state["planned"] else None,
        skipped=state["skipped"],
        runs=tuple([Run(*row) for row in runs]),
    )


async def _read_today(connection: Connection) -> date:
    await connection.execute(_SQL["look_up_by_key"])
    revisions = Revisions(await read_newer(connection, 0))
    if not revisions.newest:
        raise NoProgramError("there is no program yet, and so no zone in which days end")
    today: date = await connection.fetchval(_SQL["read_today"], revisions.zone)
    return today


async def _add_due(connection: Connection, bucket: int, day: date, due: dict[date, Sum]) -> None:
    for expires_on, members, points in await connection.fetch(_SQL["sum_due"], bucket, day):
        due[expires_on] = _sum(due.get(expires_on, Sum(0, 0)), members, points)


async def _add_reminders(
    connection: Connection, bucket: int, spans: Sequence[Span], sums: dict[Stage, Sum]
) -> None:
    for span in spans:
        ((members, points),) = await connection.fetch(
            _SQL["sum_reminders"], bucket, span.after, span.through, span.stage
        )
        sums[span.stage] = _sum(sums[span.stage], members, points)


def _sum(before: Sum, members: int, points: int) -> Sum:
    return Sum(before.members + members, before.points + points)
