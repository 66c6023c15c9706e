"""Calendar arithmetic of the program: local days and the last day on which points are good.

`NEVER` is the date of points that do not expire. It is `date.max`, so that comparing and sorting
need no special case; asyncpg stores it as PostgreSQL's `infinity`, and the wire says null.
"""

from datetime import date, datetime, timedelta
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from shared.program.models import Expiry, FixedDate

NEVER: Final = date.max

_ONE_DAY = timedelta(days=1)
_SHORTEST_MONTH = 28


def local_day(instant: datetime, zone: str) -> date:
    """Name the day that clocks in `zone` show at an aware `instant`.

    ZoneInfo keeps the zones it has read, and a conversion costs half a microsecond: a cache of
    days would be no faster, and wrong in the hour of a clock change.
    """
    return instant.astimezone(ZoneInfo(zone)).date()


def expires_on(policy: Expiry, day: date) -> date:
    """Name the last local day on which points earned on local day `day` can be spent.

    Told apart by the tag: every award asks this, and isinstance on pydantic models is slow.
    """
    if policy.policy == "month-batch":
        return month_end(day.year, day.month + policy.after_months)
    if policy.policy == "never":
        return NEVER
    if policy.policy == "fixed-date":
        return _next_fixed(policy, day)
    if policy.policy == "rolling":
        return on_day(day.year + policy.years, day.month, day.day)
    assert_never(policy)


def days_in_month(day: date) -> int:
    """Count the days of the month that `day` is in."""
    return month_end(day.year, day.month).day


def month_end(year: int, month: int) -> date:
    """Name the last day of a month; month 13 is January of the next year, and so on."""
    years, months = divmod(month, 12)
    return date(year + years, months + 1, 1) - _ONE_DAY


def on_day(year: int, month: int, day: int) -> date:
    """Make a date, where the month is shorter its last day (29 February becomes the 28th)."""
    return date(year, month, day) if day <= _SHORTEST_MONTH else _clamped(year, month, day)


def _clamped(year: int, month: int, day: int) -> date:
    last = month_end(year, month)
    return last if day > last.day else last.replace(day=day)


def _next_fixed(policy: FixedDate, day: date) -> date:
    earliest = day + timedelta(days=policy.at_least_days)
    this_year = on_day(earliest.year, policy.month, policy.day)
    if this_year >= earliest:
        return this_year
    return on_day(earliest.year + 1, policy.month, policy.day)
