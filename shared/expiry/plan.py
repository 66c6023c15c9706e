"""Which reminders a day asks for. Pure: days in, spans of dates out."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

Stage = Literal[90, 30, 7, 1]

STAGES: Final[tuple[Stage, ...]] = (90, 30, 7, 1)
"""Days before a date; 90 is shown in inbox and mall only. The earliest reminder comes first."""

_AGAIN: Final = timedelta(days=1)
"""The dates of the last day planned are looked at again: points may have come to them since."""

_OVER: Final = -1
"""What comes after the last stage: the date is over, and its expiry is announced by itself."""


class Span(NamedTuple):
    """The dates after one up to another, and the stage that concerns what expires on them."""

    stage: Stage
    after: date
    through: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one day of planning does; `missed` spans had their day, and a later stage is due.

    Those of `due` who were told of their stage already are told no more.
    """

    due: tuple[Span, ...]
    missed: tuple[Span, ...]


def plan(today: date, planned_through: date | None) -> Plan:
    """Plan a local day, given the last one that was planned before, None when there was none.

    A stage's day is so many days before the date. Of the stages whose day came since
    `planned_through`, or on it, a date gets the latest; an earlier one that nobody sent is missed.
    The most urgent stage comes first.
    """
    due, missed = [], []
    for stage, later in zip(reversed(STAGES), (_OVER, *reversed(STAGES[1:])), strict=True):
        came = today + timedelta(days=stage)
        superseded = today + timedelta(days=later)
        before = None if planned_through is None else planned_through + timedelta(days=stage)
        begin = superseded if before is None else max(before - _AGAIN, superseded)
        if begin < came:
            due.append(Span(stage, begin, came))
        if before is not None and before < superseded:
            missed.append(Span(stage, before, superseded))
    return Plan(due=tuple(due), missed=tuple(missed))
