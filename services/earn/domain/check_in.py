"""What a daily check-in earns: a step of the ladder, decided by which days are known.

Check-ins arrive in any order. A day's position follows from the set of days alone, so a late one
changes the days after it; those get corrections, and every order of arrival ends the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import assert_never

from services.earn.domain.gain import Explanation, Gain
from shared.program.dates import days_in_month, expires_on
from shared.program.models import CheckIn, Program

RULE = "check-in"
FULL_ATTENDANCE = "check-in.full-attendance"

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInDay:
    """A local day a member checked in on, as stored.

    `run`: how many days in a row up to it, `count`: how many days in all up to it; both from 1.
    `points` is what the ladder gives the day by now, the bonus for full attendance not included.
    `revision` is the program's that was in force; `corrections` counts the entries correcting it.
    """

    day: date
    run: int
    count: int
    points: int
    revision: int
    corrections: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a late check-in changes on a later day: entry `check-in/<day>/corrected/<number>`.

    `points` is the difference: positive is earned, negative taken back, into or from the lot of
    `expires_on`, the date that day's own award has.
    """

    day: date
    number: int
    points: int
    expires_on: date
    explanation: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInOutcome:
    """A check-in as decided: its own gain, corrections by day, and every day to store."""

    gain: Gain
    corrections: tuple[Correction, ...]
    days: tuple[CheckInDay, ...]


def check_in(
    known: Sequence[CheckInDay],
    *,
    day: date,
    revision: int,
    program_of: Callable[[int], Program],
) -> CheckInOutcome:
    """Decide a check-in of local day `day`, which is not among `known`.

    `known` is ascending and holds all the member's days from the first of the month of `day` on,
    and the nearest one before that month; more does no harm. `program_of` gives the program of a
    revision; `revision` is the one in force at the check-in.
    """
    before = [one for one in known if one.day < day]
    new = _follow(before[-1] if before else None, day, revision, program_of)
    changed, corrections = _correct([one for one in known if one.day > day], new, program_of)
    full = _completes_month(known, day)
    gain = _gain(program_of(revision).earn.check_in, new, full=full)
    return CheckInOutcome(gain=gain, corrections=corrections, days=(new, *changed))


def _follow(
    previous: CheckInDay | None, day: date, revision: int, program_of: Callable[[int], Program]
) -> CheckInDay:
    if previous is None:
        run, count = 1, 1
    else:
        run = previous.run + 1 if previous.day + _ONE_DAY == day else 1
        count = previous.count + 1
    points = _value(program_of(revision).earn.check_in, run, count)
    return CheckInDay(day=day, run=run, count=count, points=points, revision=revision)


def _correct(
    later: list[CheckInDay], new: CheckInDay, program_of: Callable[[int], Program]
) -> tuple[list[CheckInDay], tuple[Correction, ...]]:
    changed: list[CheckInDay] = []
    corrections: list[Correction] = []
    previous = new
    for old in later:
        placed = _follow(previous, old.day, old.revision, program_of)
        current = replace(placed, corrections=old.corrections + (placed.points != old.points))
        if current.points != old.points:
            corrections.append(_correction(old, current, new.day, program_of(old.revision)))
        changed.append(current)
        previous = current
    return changed, tuple(corrections)


def _correction(old: CheckInDay, current: CheckInDay, cause: date, program: Program) -> Correction:
    explanation: Explanation = {
        "rules": [RULE],
        "late_day": cause.isoformat(),
        "position": _position(program.earn.check_in, current.run, current.count),
        "was": old.points,
        "is": current.points,
        "caps": [],
    }
    return Correction(
        day=current.day,
        number=current.corrections,
        points=current.points - old.points,
        expires_on=expires_on(program.expiry, current.day),
        explanation=explanation,
    )


def _gain(rule: CheckIn, new: CheckInDay, *, full: bool) -> Gain:
    bonus = rule.full_attendance if full else 0
    explanation: Explanation = {
        "rules": [RULE, FULL_ATTENDANCE] if bonus else [RULE],
        "position": _position(rule, new.run, new.count),
        "base": new.points,
        "caps": [],
    }
    if bonus:
        explanation["full_attendance"] = bonus
    if new.points + bonus == 0:
        explanation["zero"] = "not-in-program"
    return Gain(points=new.points + bonus, explanation=explanation)


def _completes_month(known: Sequence[CheckInDay], day: date) -> bool:
    others = sum([one.day.month == day.month and one.day.year == day.year for one in known])
    return others + 1 == days_in_month(day)


def _position(rule: CheckIn, run: int, count: int) -> int:
    match rule.missed_day:
        case "reset":
            return run
        case "continue":
            return count
        case _:
            assert_never(rule.missed_day)


def _value(rule: CheckIn, run: int, count: int) -> int:
    if not rule.ladder:
        return 0
    step = _position(rule, run, count) - 1
    match rule.after_last:
        case "restart":
            return rule.ladder[step % len(rule.ladder)]
        case "stay":
            return rule.ladder[min(step, len(rule.ladder) - 1)]
        case _:
            assert_never(rule.after_last)
