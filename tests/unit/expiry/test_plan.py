"""Reminders: each date gets its stages in time, none twice, whatever days were not planned."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.expiry.plan import STAGES, Plan, Stage, plan

DAY = date(2026, 12, 31)
# Days before DAY on which somebody planned, the last ones after it.
PLANNED = st.sets(st.integers(-5, 120), min_size=1).map(lambda days: sorted(days, reverse=True))


def stages_of(planned: Plan, expires_on: date) -> tuple[list[Stage], list[Stage]]:
    """Say what a plan sends for one date, and what it gives up."""
    sent = [one.stage for one in planned.due if one.after < expires_on <= one.through]
    lost = [one.stage for one in planned.missed if one.after < expires_on <= one.through]
    return sent, lost


def told(days: list[int]) -> tuple[list[tuple[int, int]], list[int]]:
    """Plan on each of the days; return (stage, days before the date) sent, and stages lost.

    Who was told of a stage is not told again, as the table of reminders sees to.
    """
    sent: list[tuple[int, int]] = []
    lost: list[int] = []
    last = None
    for days_before in days:
        today = DAY - timedelta(days=days_before)
        now_sent, now_lost = stages_of(plan(today, last), DAY)
        before = [stage for stage, _ in sent]
        sent += [(stage, days_before) for stage in now_sent if stage not in before]
        lost += now_lost
        last = today
    return sent, lost


def test_planned_every_day_each_stage_is_told_on_its_day() -> None:
    sent, lost = told(list(range(120, -6, -1)))
    assert sent == [(90, 90), (30, 30), (7, 7), (1, 1)]
    assert lost == []


def test_a_day_without_downtime_asks_for_the_dates_of_two_days() -> None:
    planned = plan(DAY, DAY - timedelta(days=1))
    assert [(one.stage, one.through - DAY, one.through - one.after) for one in planned.due] == [
        (stage, timedelta(days=stage), timedelta(days=2)) for stage in (1, 7, 30, 90)
    ]
    assert planned.missed == ()


@pytest.mark.parametrize("stage", STAGES)
def test_points_that_come_after_the_planning_are_told_of_the_day_after(stage: Stage) -> None:
    day_before = DAY - timedelta(days=stage)
    sent, lost = stages_of(plan(day_before + timedelta(days=1), day_before), DAY)
    assert (sent, lost) == ([stage], [])


def test_planning_anew_tells_of_every_date_the_stage_it_is_in() -> None:
    for days_before in range(91):
        (sent, lost) = stages_of(plan(DAY - timedelta(days=days_before), None), DAY)
        assert (sent, lost) == ([min(one for one in STAGES if one >= days_before)], [])


def test_after_a_downtime_the_latest_stage_is_sent_and_the_earlier_counted() -> None:
    assert told([35, 20]) == ([(90, 35), (30, 20)], [])
    assert told([35, 5]) == ([(90, 35), (7, 5)], [30])
    assert told([35, 0]) == ([(90, 35), (1, 0)], [7, 30])
    assert told([35, -1]) == ([(90, 35)], [1, 7, 30])


def test_the_first_planning_ever_misses_nothing() -> None:
    assert told([100]) == ([], [])
    assert told([50]) == ([(90, 50)], [])
    assert told([12]) == ([(30, 12)], [])
    assert told([0]) == ([(1, 0)], [])
    assert told([-1]) == ([], [])


@given(PLANNED)
def test_no_stage_is_told_twice_or_late_and_none_is_forgotten(days: list[int]) -> None:
    sent, lost = told(days)
    stages = [stage for stage, _ in sent]
    assert len({*stages, *lost}) == len(stages) + len(lost)
    assert stages == sorted(stages, reverse=True)
    for stage, days_before in sent:
        later = max([one for one in STAGES if one < stage], default=-1)
        assert later < days_before <= stage
    begun = next(iter(days))
    due = [stage for stage in STAGES if begun > stage >= days[-1]]
    assert {*due} <= {*stages, *lost}


@given(PLANNED)
def test_on_every_day_that_was_planned_the_newest_stage_due_is_told(days: list[int]) -> None:
    sent, _ = told(days)
    for days_before in days:
        came = [stage for stage in STAGES if stage >= days_before >= 0]
        if came:
            assert min(came) in [stage for stage, when in sent if when >= days_before]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 200))
def test_spans_of_a_plan_do_not_overlap(today: date, days: int) -> None:
    planned = plan(today, today - timedelta(days=days))
    spans = sorted(planned.due, key=lambda one: one.after)
    assert all(one.after < one.through for one in (*planned.due, *planned.missed))
    assert all(one.through <= other.after for one, other in pairwise(spans))
    assert all(one.through >= today for one in planned.due)
