"""Daily check-ins: however late they come, each day ends with the same points."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.earn.domain.check_in import CheckInDay, CheckInOutcome, check_in
from shared.program.models import CheckIn, Program
from tests.unit.earn.programs import CHECK_INS, DEFAULT, with_check_in

ONE_DAY = timedelta(days=1)
# Across the end of a leap February, so that runs, months and full attendance all meet.
FIRST, LAST = date(2024, 1, 28), date(2024, 3, 4)
CHANGE = date(2024, 2, 10)
DAYS = st.sets(st.dates(FIRST, LAST), max_size=37)
ALL_DAYS = [FIRST + n * ONE_DAY for n in range((LAST - FIRST).days + 1)]


@dataclass
class Diary:
    """A member's check-ins as they arrive, under two revisions, and what each day came to."""

    programs: tuple[Program, Program]
    known: dict[date, CheckInDay] = field(default_factory=dict)
    ladder: defaultdict[date, int] = field(default_factory=lambda: defaultdict(int))
    bonus: int = 0
    causes: list[tuple[date, int]] = field(default_factory=list)

    def told(self, day: date) -> CheckInOutcome:
        """Tell a check-in, with only the days that it needs to know."""
        outcome = check_in(
            self.needed(day),
            day=day,
            revision=1 if day < CHANGE else 2,
            program_of=lambda revision: self.programs[revision - 1],
        )
        for one in outcome.days:
            self.known[one.day] = one
        bonus = outcome.gain.points - outcome.days[0].points
        self.bonus += bonus
        self.ladder[day] += outcome.gain.points - bonus
        for correction in outcome.corrections:
            self.ladder[correction.day] += correction.points
            self.causes.append((correction.day, correction.number))
        return outcome

    def needed(self, day: date) -> list[CheckInDay]:
        """From the first of the month on, and the nearest one before."""
        month = day.replace(day=1)
        earlier = [one for one in sorted(self.known) if one < month]
        later = [one for one in sorted(self.known) if one >= month]
        return [self.known[one] for one in earlier[-1:] + later]


def diary(rule: CheckIn, other: CheckIn | None = None) -> Diary:
    return Diary((with_check_in(rule), with_check_in(other or rule)))


def positions(days: Iterable[date], missed_day: str) -> dict[date, int]:
    """Say by the definition what position each of these days has, looking at all of them."""
    ordered = sorted(days)
    if missed_day == "continue":
        return {day: n for n, day in enumerate(ordered, 1)}
    runs: dict[date, int] = {}
    for day in ordered:
        runs[day] = runs.get(day - ONE_DAY, 0) + 1
    return runs


def worth(rule: CheckIn, days: Iterable[date]) -> dict[date, int]:
    """Say by the definition what the ladder gives each day."""
    if not rule.ladder:
        return dict.fromkeys(days, 0)
    restart = rule.after_last == "restart"
    last = len(rule.ladder)
    return {
        day: rule.ladder[(position - 1) % last if restart else min(position, last) - 1]
        for day, position in positions(days, rule.missed_day).items()
    }


@given(CHECK_INS, CHECK_INS, DAYS, st.data())
def test_any_order_of_arrival_ends_with_the_same_points(
    rule: CheckIn, other: CheckIn, days: set[date], data: st.DataObject
) -> None:
    late, in_order = diary(rule, other), diary(rule, other)
    for day in data.draw(st.permutations(sorted(days))):
        late.told(day)
    for day in sorted(days):
        in_order.told(day)
    expected = {
        day: (worth(rule, days) if day < CHANGE else worth(other, days))[day] for day in days
    }
    assert late.ladder == in_order.ladder == expected
    assert {day: one.points for day, one in late.known.items()} == expected
    assert in_order.causes == []


@given(CHECK_INS, st.permutations(ALL_DAYS))
def test_full_attendance_comes_once_with_the_day_that_completes_the_month(
    rule: CheckIn, arrival: list[date]
) -> None:
    kept = diary(rule)
    for day in arrival:
        before = kept.bonus
        kept.told(day)
        february = [one for one in kept.known if one.month == 2]
        completes = day.month == 2 and len(february) == 29
        assert kept.bonus - before == (rule.full_attendance if completes else 0)


@given(CHECK_INS, DAYS, st.data())
def test_a_correction_is_numbered_and_never_empty(
    rule: CheckIn, days: set[date], data: st.DataObject
) -> None:
    kept = diary(rule)
    for day in data.draw(st.permutations(sorted(days))):
        for correction in kept.told(day).corrections:
            assert correction.points != 0
            assert correction.day > day
    assert len(set(kept.causes)) == len(kept.causes)
    for day, one in kept.known.items():
        numbers = [number for corrected, number in kept.causes if corrected == day]
        assert numbers == list(range(1, one.corrections + 1))


def test_the_guides_ladder() -> None:
    kept = diary(DEFAULT.earn.check_in)
    gains = [kept.told(date(2024, 1, 1) + n * ONE_DAY).gain.points for n in range(9)]
    assert gains == [1, 2, 3, 4, 5, 6, 10, 1, 2]


def test_a_month_without_a_gap_says_both_rules() -> None:
    kept = diary(DEFAULT.earn.check_in)
    for n in range(28):
        kept.told(date(2024, 2, 1) + n * ONE_DAY)
    outcome = kept.told(date(2024, 2, 29))
    assert outcome.gain.points == 51
    assert outcome.gain.explanation == {
        "rules": ["check-in", "check-in.full-attendance"],
        "position": 29,
        "base": 1,
        "caps": [],
        "full_attendance": 50,
    }


@pytest.mark.parametrize(
    ("missed_day", "differences"), [("reset", {2: 1, 3: 1}), ("continue", {2: 1, 3: 1, 5: 1})]
)
def test_a_late_day_corrects_the_days_after_it(
    missed_day: str, differences: dict[int, int]
) -> None:
    rule = DEFAULT.earn.check_in.model_copy(update={"missed_day": missed_day})
    kept = diary(rule)
    for n in (2, 3, 5):
        kept.told(date(2024, 1, n))
    outcome = kept.told(date(2024, 1, 1))
    assert {one.day.day: one.points for one in outcome.corrections} == differences
    first = outcome.corrections[0]
    assert (first.number, first.expires_on) == (1, date(2025, 1, 31))
    assert first.explanation == {
        "rules": ["check-in"],
        "late_day": "2024-01-01",
        "position": 2,
        "was": 1,
        "is": 2,
        "caps": [],
    }


def test_a_late_day_can_take_points_from_a_later_one() -> None:
    kept = diary(DEFAULT.earn.check_in)
    for n in range(2, 9):
        kept.told(date(2024, 1, n))
    outcome = kept.told(date(2024, 1, 1))
    assert outcome.corrections[-1].points == 1 - 10
    assert sum(kept.ladder.values()) == 1 + 2 + 3 + 4 + 5 + 6 + 10 + 1


def test_a_program_without_check_ins_gives_nothing_and_says_so() -> None:
    outcome = diary(CheckIn()).told(date(2024, 1, 1))
    assert (outcome.gain.points, outcome.gain.explanation["zero"]) == (0, "not-in-program")
