"""A day is over when the program's zone says so, and not a second earlier."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.expiry.domain import GRACE, schedule
from shared.pipeline.moment import moment_at
from shared.program.dates import local_day
from shared.program.load import default_text, parse
from shared.program.revisions import BEGINNING, Revision, Revisions

ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # clocks changed at midnight: some days had none
    "Asia/Beirut",
    "America/Havana",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",  # which left out 30 December 2011
    "Pacific/Kiritimati",
)
INSTANTS = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def midnight_after(day: date, zone: str) -> datetime:
    program = parse(default_text()).model_copy(update={"zone": zone})
    revision = Revision(number=1, effective_at=BEGINNING, program=program)
    moment = moment_at(datetime(2026, 1, 1, tzinfo=UTC), Revisions([revision]))
    return moment.today.midnight_after(day)


@given(INSTANTS, st.sampled_from(ZONES), st.integers(0, 23))
def test_nothing_is_swept_before_its_day_is_over(now: datetime, zone: str, hour: int) -> None:
    swept = schedule(now, zone, remind_from_hour=hour).sweep_to
    assert midnight_after(swept, zone) + GRACE <= now
    assert swept < local_day(now, zone)
    assert swept >= local_day(now, zone) - timedelta(days=2)


@given(INSTANTS, st.sampled_from(ZONES))
def test_a_day_that_is_over_is_swept_after_the_grace(now: datetime, zone: str) -> None:
    day = local_day(now, zone)
    over = midnight_after(day, zone)
    assert schedule(over + GRACE, zone, remind_from_hour=0).sweep_to >= day
    just_before = over + GRACE - timedelta(microseconds=1)
    assert schedule(just_before, zone, remind_from_hour=0).sweep_to < day


@pytest.mark.parametrize(
    ("zone", "over"),
    [
        ("Asia/Shanghai", datetime(2026, 1, 31, 16, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 1, 31, 23, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 2, 1, 5, tzinfo=UTC)),
    ],
)
def test_a_month_ends_at_local_midnight(zone: str, over: datetime) -> None:
    end = date(2026, 1, 31)
    assert schedule(over + GRACE, zone, remind_from_hour=0).sweep_to == end
    assert schedule(over, zone, remind_from_hour=0).sweep_to == end - timedelta(days=1)


@given(INSTANTS, st.sampled_from(ZONES), st.integers(0, 23))
def test_reminders_wait_for_their_hour(now: datetime, zone: str, hour: int) -> None:
    plan_on = schedule(now, zone, remind_from_hour=hour).plan_on
    local = now.astimezone(ZoneInfo(zone))
    assert plan_on == (local.date() if local.hour >= hour else None)
