"""Calendar arithmetic of the program: local days and the last day on which points are good.

`NEVER` is the date of points that do not expire. It is `date.max`, so that comparing and sorting
need no special case; asyncpg stores it as PostgreSQL's `infinity`, and the wire says null.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias, assert_never
from zoneinfo import ZoneInfo

from shared.program.models import FixedDate, MonthBatch, NeverExpires, Rolling

NEVER: Final = date.max

ExpiryPolicy: TypeAlias = NeverExpires | FixedDate | MonthBatch | Rolling


def local_day(instant: datetime, zone: str) -> date:
    """Name the day that clocks in `zone` show at an aware `instant`.

    ZoneInfo keeps the zones it has read, and a conversion costs half a microsecond: a cache of
    days would be no faster, and wrong in the hour of a clock change.
    """
    return instant.astimezone(ZoneInfo(zone)).date()


def expires_on(policy: ExpiryPolicy, day: date) -> date:
    """Name the last local day on which points earned on local day `day` can be spent."""
    match policy:
        case NeverExpires():
            return NEVER
        case FixedDate():
            return _next_fixed(policy, day)
        case MonthBatch():
            return month_end(add_months(day, policy.after_months))
        case Rolling():
            return on_day(day.year + policy.years, day.month, day.day)
        case _:
            assert_never(policy)


def days_in_month(day: date) -> int:
    """Count the days of the month that `day` is in."""
    return monthrange(day.year, day.month)[1]


def month_end(day: date) -> date:
    """Name the last day of the month that `day` is in."""
    return day.replace(day=days_in_month(day))


def add_months(day: date, months: int) -> date:
    """Go so many months on; 31 January and one month is the last day of February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return on_day(year, month + 1, day.day)


def on_day(year: int, month: int, day: int) -> date:
    """Make a date, where the month is shorter its last day (29 February becomes the 28th)."""
    return date(year, month, min(day, monthrange(year, month)[1]))


def _next_fixed(policy: FixedDate, day: date) -> date:
    earliest = day + timedelta(days=policy.at_least_days)
    this_year = on_day(earliest.year, policy.month, policy.day)
    if this_year >= earliest:
        return this_year
    return on_day(earliest.year + 1, policy.month, policy.day)
