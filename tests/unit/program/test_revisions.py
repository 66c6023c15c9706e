"""Revisions: the one in force at an instant, and what may follow."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.program.load import default_program
from shared.program.revisions import BEGINNING, LEAD, Revision, Revisions, objections

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
FIRST = Revision(number=1, effective_at=BEGINNING, program=default_program())


def revision(number: int, effective_at: datetime, zone: str = "Asia/Shanghai") -> Revision:
    program = default_program().model_copy(update={"zone": zone})
    return Revision(number=number, effective_at=effective_at, program=program)


def test_the_first_is_in_force_from_the_beginning_of_time() -> None:
    later = revision(1, NOON)
    assert Revisions([later]).in_force(NOON - timedelta(days=9000)) == later


def test_a_revision_is_in_force_from_its_instant_on() -> None:
    revisions = Revisions([FIRST, revision(2, NOON), revision(3, NOON + timedelta(hours=1))])
    instant = timedelta(microseconds=1)
    assert revisions.in_force(NOON - instant).number == 1
    assert revisions.in_force(NOON).number == 2
    assert revisions.in_force(NOON + timedelta(hours=1) - instant).number == 2
    assert revisions.in_force(NOON + timedelta(hours=1)).number == 3


@given(st.sets(st.integers(1, 1000), max_size=8), st.integers(-10, 1010))
def test_in_force_is_the_last_that_has_begun(starts: set[int], hour: int) -> None:
    rows = [
        revision(number, NOON + timedelta(hours=start))
        for number, start in enumerate(sorted(starts), 2)
    ]
    revisions = Revisions().with_newer([FIRST]).with_newer(rows)
    begun = sum(start <= hour for start in starts)
    assert revisions.in_force(NOON + timedelta(hours=hour)).number == 1 + begun
    assert revisions.newest == 1 + len(starts)


def test_newer_ones_follow_on() -> None:
    revisions = Revisions([FIRST])
    grown = revisions.with_newer([revision(2, NOON)])
    assert (revisions.newest, grown.newest) == (1, 2)
    assert grown.program_of(2) == revision(2, NOON).program
    assert revisions.with_newer([]).newest == 1
    with pytest.raises(ValueError, match="without gaps"):
        revisions.with_newer([revision(3, NOON)])
    with pytest.raises(ValueError, match="after the one before"):
        grown.with_newer([revision(3, NOON)])
    with pytest.raises(LookupError, match="no revision 3, the newest is 2"):
        grown.number(3)
    with pytest.raises(LookupError, match="no revision 0"):
        grown.number(0)


def test_the_zone_is_the_newest_one_even_before_it_is_in_force() -> None:
    revisions = Revisions([FIRST]).with_newer([revision(2, NOON, "UTC")])
    assert revisions.zone == "UTC"
    early = revisions.in_force(NOON - timedelta(days=1))
    assert (early.number, early.program.zone) == (1, "UTC")
    assert early.program.earn == FIRST.program.earn


def test_what_may_be_applied() -> None:
    revisions = Revisions([FIRST, revision(2, NOON)])
    program = default_program()

    def said(at: datetime, now: datetime, zone: str = program.zone) -> tuple[str, ...]:
        wanted = program.model_copy(update={"zone": zone})
        return objections(revisions, wanted, at=at, now=now, has_entries=True)

    later = NOON + timedelta(hours=1)
    assert said(later + LEAD, later) == ()
    assert said(later, later) == (
        (
            "effective time: expected 2024-05-01T13:00:05+00:00 or later,"
            " got 2024-05-01T13:00:00+00:00"
        ),
    )
    assert said(NOON, NOON - LEAD) == (
        (
            "effective time: expected after revision 2's 2024-05-01T12:00:00+00:00,"
            " got 2024-05-01T12:00:00+00:00"
        ),
    )
    assert said(later + LEAD, later, "UTC") == (
        "zone: expected 'Asia/Shanghai', in use since the first entry, got 'UTC'",
    )


def test_the_zone_may_change_before_the_first_entry() -> None:
    wanted = revision(2, NOON, "UTC").program
    revisions = Revisions([FIRST])
    assert objections(revisions, wanted, at=NOON + LEAD, now=NOON, has_entries=False) == ()
