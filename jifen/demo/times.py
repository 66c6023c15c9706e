"""Times of a shop: read as its clocks showed them, moved by whole days, told as instants."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

ReadsTime: TypeAlias = Callable[[str], datetime]

UNDERSTOOD: Final = "an ISO 8601 time or month/day/year hour:minute (else give --date-format)"
_MONTH_FIRST = "%m/%d/%Y %H:%M"
# Far enough from the calendar's ends for every shift; the ledger itself begins in 2000.
_YEARS = range(1900, 3000)


def reader(date_format: str | None, zone: str) -> ReadsTime:
    """Make a function that reads local times; it raises ValueError for what it can't read.

    Its results have no zone. A text that names its offset is turned into the shop's local time,
    with `fold` set where clocks showed that time twice.
    """
    local = ZoneInfo(zone)

    # The lines of an order share their time.
    @lru_cache(maxsize=1024)
    def read(text: str) -> datetime:
        moment = _parsed(text, date_format)
        if moment.year not in _YEARS:
            raise ValueError("no year of a shop's")
        if moment.tzinfo is not None:
            moment = moment.astimezone(local).replace(tzinfo=None)
        return moment

    return read


def instant(at: datetime, zone: ZoneInfo, shift_days: int = 0) -> datetime:
    """Return the instant of a local time, moved by whole days at the same time of day.

    A time that clocks showed twice is the first of the two unless `fold` says otherwise; one
    that they skipped counts as if they had not been changed yet.
    """
    moved = (at + timedelta(days=shift_days)).replace(fold=at.fold, tzinfo=zone)
    return moved.astimezone(UTC)


def _parsed(text: str, date_format: str | None) -> datetime:
    if date_format is not None:
        return datetime.strptime(text, date_format)  # noqa: DTZ007  # the shop's own time
    if "/" in text:
        return datetime.strptime(text, _MONTH_FIRST)  # noqa: DTZ007  # as above
    return datetime.fromisoformat(text)
