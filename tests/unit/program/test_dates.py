"""Expiry dates and local days, at the edges of months, years and clock changes."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.program.dates import NEVER, days_in_month, expires_on, local_day, month_end
from shared.program.models import FixedDate, MonthBatch, NeverExpires, Rolling

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def batch(months: int = 12) -> MonthBatch:
    return MonthBatch(policy="month-batch", after_months=months)


def fixed(month: int = 12, day: int = 31, at_least_days: int = 90) -> FixedDate:
    return FixedDate(policy="fixed-date", month=month, day=day, at_least_days=at_least_days)


def rolling(years: int = 2) -> Rolling:
    return Rolling(policy="rolling", years=years)


@given(DAYS)
def test_never_is_after_every_day(day: date) -> None:
    assert expires_on(NeverExpires(policy="never"), day) == NEVER > day


@pytest.mark.parametrize(
    ("earned", "months", "good_until"),
    [
        (date(2024, 1, 1), 12, date(2025, 1, 31)),
        (date(2024, 1, 31), 12, date(2025, 1, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2023, 2, 1), 12, date(2024, 2, 29)),
        (date(2024, 12, 31), 12, date(2025, 12, 31)),
        (date(2024, 11, 30), 1, date(2024, 12, 31)),
        (date(2024, 12, 1), 1, date(2025, 1, 31)),
        (date(2024, 10, 31), 4, date(2025, 2, 28)),
    ],
)
def test_a_month_batch_ends_with_its_month(earned: date, months: int, good_until: date) -> None:
    assert expires_on(batch(months), earned) == good_until


@given(DAYS, st.integers(1, 1200))
def test_a_month_batch_is_one_date_per_month(day: date, months: int) -> None:
    end = expires_on(batch(months), day)
    assert end.day == monthrange(end.year, end.month)[1]
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    assert expires_on(batch(months), day.replace(day=1)) == end


@pytest.mark.parametrize(
    ("earned", "years", "good_until"),
    [
        (date(2024, 2, 29), 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2023, 2, 28), 1, date(2024, 2, 28)),
        (date(2024, 12, 31), 2, date(2026, 12, 31)),
    ],
)
def test_rolling_is_the_same_day_of_a_later_year(
    earned: date, years: int, good_until: date
) -> None:
    assert expires_on(rolling(years), earned) == good_until


@pytest.mark.parametrize(
    ("earned", "good_until"),
    [
        (date(2024, 1, 1), date(2024, 12, 31)),
        (date(2024, 10, 2), date(2024, 12, 31)),  # exactly 90 days away
        (date(2024, 10, 3), date(2025, 12, 31)),  # 89
        (date(2024, 12, 31), date(2025, 12, 31)),
    ],
)
def test_a_fixed_date_leaves_the_days_promised(earned: date, good_until: date) -> None:
    assert expires_on(fixed(), earned) == good_until


def test_a_fixed_date_may_be_the_day_itself_or_a_leap_day() -> None:
    assert expires_on(fixed(at_least_days=0), date(2024, 12, 31)) == date(2024, 12, 31)
    leap = fixed(month=2, day=29, at_least_days=0)
    assert expires_on(leap, date(2024, 2, 29)) == date(2024, 2, 29)
    assert expires_on(leap, date(2024, 3, 1)) == date(2025, 2, 28)


@given(DAYS, st.integers(1, 12), st.integers(1, 29), st.integers(0, 3650))
def test_a_fixed_date_is_the_first_that_is_far_enough(
    day: date, month: int, of_month: int, at_least: int
) -> None:
    end = expires_on(fixed(month, of_month, at_least), day)
    assert (end.month, end.day) == (month, min(of_month, monthrange(end.year, month)[1]))
    assert (end - day).days >= at_least
    earlier = end.replace(day=1) - timedelta(days=366)
    assert (earlier - day).days < at_least


@given(DAYS)
def test_months_are_as_long_as_the_calendar_says(day: date) -> None:
    assert days_in_month(day) == monthrange(day.year, day.month)[1]
    assert month_end(day.year, day.month) == day.replace(day=days_in_month(day))
    assert month_end(day.year, day.month + 12).year == day.year + 1


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2024-01-01T15:59:59.999999+00:00", "Asia/Shanghai", date(2024, 1, 1)),
        ("2024-01-01T16:00:00+00:00", "Asia/Shanghai", date(2024, 1, 2)),
        ("2024-01-01T23:30:00-08:00", "Asia/Shanghai", date(2024, 1, 2)),
        # Berlin: the day of the change has 23 and 25 hours.
        ("2024-03-30T23:00:00+00:00", "Europe/Berlin", date(2024, 3, 31)),
        ("2024-03-31T21:59:59+00:00", "Europe/Berlin", date(2024, 3, 31)),
        ("2024-03-31T22:00:00+00:00", "Europe/Berlin", date(2024, 4, 1)),
        ("2024-10-26T22:00:00+00:00", "Europe/Berlin", date(2024, 10, 27)),
        ("2024-10-27T22:59:59+00:00", "Europe/Berlin", date(2024, 10, 27)),
        # St. John's went back at one minute past midnight, and had the evening again.
        ("2010-11-07T02:30:30+00:00", "America/St_Johns", date(2010, 11, 7)),
        ("2010-11-07T02:31:00+00:00", "America/St_Johns", date(2010, 11, 6)),
        # Samoa skipped a whole day.
        ("2011-12-30T09:59:59+00:00", "Pacific/Apia", date(2011, 12, 29)),
        ("2011-12-30T10:00:00+00:00", "Pacific/Apia", date(2011, 12, 31)),
    ],
)
def test_a_local_day_is_what_the_clocks_there_show(instant: str, zone: str, day: date) -> None:
    assert local_day(at(instant), zone) == day
    assert local_day(at(instant).astimezone(UTC), zone) == day
