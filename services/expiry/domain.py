"""When a day's work begins, in the program's zone. Pure."""

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.program.dates import local_day

GRACE: Final = timedelta(seconds=10)
"""Transactions live 5 s at most: by then none is left that took the day for not yet over, so that
one pass finds everything."""

_ONE_DAY: Final = timedelta(days=1)


class Schedule(NamedTuple):
    """The last date that is over for good, and the day whose reminders may be planned, if any."""

    sweep_to: date
    plan_on: date | None


def schedule(now: datetime, zone: str, *, remind_from_hour: int) -> Schedule:
    """Say what may be done at an aware instant."""
    local = now.astimezone(ZoneInfo(zone))
    return Schedule(
        sweep_to=local_day(now - GRACE, zone) - _ONE_DAY,
        plan_on=local.date() if local.hour >= remind_from_hour else None,
    )
