"""Revisions: the programs a deployment has had, and which was in force when."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.program.models import Program

# So far ahead of the database's clock a revision takes effect at the earliest: transactions live
# at most 5 s, so that no batch decides by the old program what happened under the new one.
LEAD: Final = timedelta(seconds=5)
# When revision 1 takes effect; asyncpg stores it as PostgreSQL's `-infinity`.
BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A program and when it takes effect; `number` counts from 1 without gaps."""

    number: int
    effective_at: datetime
    program: Program


class Revisions:
    """All revisions up to `newest`; immutable. Numbers and effective times both ascend.

    Empty only until revision 1 has been read: then `newest` is 0 and nothing is in force.
    """

    __slots__ = ("_rows", "_starts")

    def __init__(self, rows: Iterable[Revision] = ()) -> None:
        self._rows = _in_one_zone(tuple(rows))
        self._starts = [row.effective_at for row in self._rows]
        if [row.number for row in self._rows] != list(range(1, len(self._rows) + 1)):
            raise ValueError("expected revisions numbered from 1 without gaps")
        if any(a >= b for a, b in zip(self._starts, self._starts[1:], strict=False)):
            raise ValueError("expected each revision to take effect after the one before")

    @property
    def newest(self) -> int:
        """The greatest number there is, whether in force yet or not; 0 when there is none."""
        return len(self._rows)

    @property
    def zone(self) -> str:
        """The deployment's time zone, the newest revision's: it is one for all entries.

        It can change only while there is no entry, and then counts at once and for all
        revisions (their programs here say so too), so that no two entries use different ones.
        """
        return self._rows[-1].program.zone

    @property
    def last(self) -> Revision | None:
        """The newest revision; None when there is none."""
        return self._rows[-1] if self._rows else None

    def number(self, number: int) -> Revision:
        """Return a revision by its number; raises LookupError where there is none."""
        if not 1 <= number <= len(self._rows):
            raise LookupError(f"no revision {number}, the newest is {self.newest}")
        return self._rows[number - 1]

    def program_of(self, number: int) -> Program:
        """Return the program of a revision; raises LookupError where there is none."""
        return self.number(number).program

    def in_force(self, at: datetime) -> Revision:
        """Return the revision in force at an instant; the first is from the beginning of time."""
        if self._starts[-1] <= at:
            return self._rows[-1]
        return self._rows[max(bisect_right(self._starts, at) - 1, 0)]

    def with_newer(self, rows: Iterable[Revision]) -> "Revisions":
        """Return these and newer ones; raises ValueError where they do not follow on."""
        return Revisions((*self._rows, *rows))


def _in_one_zone(rows: tuple[Revision, ...]) -> tuple[Revision, ...]:
    if len({row.program.zone for row in rows}) <= 1:
        return rows
    zone = {"zone": rows[-1].program.zone}
    return tuple([replace(row, program=row.program.model_copy(update=zone)) for row in rows])


def objections(
    revisions: Revisions, program: Program, *, at: datetime, now: datetime, has_entries: bool
) -> tuple[str, ...]:
    """Say why a program may not take effect `at`; empty when it may.

    `now` is the database's clock; `has_entries`: points have been given or taken already.
    """
    found = []
    if at < now + LEAD:
        wanted = (now + LEAD).isoformat()
        found.append(f"effective time: expected {wanted} or later, got {at.isoformat()}")
    last = revisions.number(revisions.newest)
    if at <= last.effective_at:
        wanted = f"after revision {last.number}'s {last.effective_at.isoformat()}"
        found.append(f"effective time: expected {wanted}, got {at.isoformat()}")
    if has_entries and program.zone != revisions.zone:
        got = program.zone
        found.append(
            f"zone: expected {revisions.zone!r}, in use since the first entry, got {got!r}"
        )
    return tuple(found)
