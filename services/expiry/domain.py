"""When a day's work begins, in the program's zone, and how long it rests. Pure."""

import math
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.pipeline.size import SMALLEST
from shared.program.dates import local_day

GRACE: Final = timedelta(seconds=10)
"""Transactions live 5 s at most: by then none is left that took the day for not yet over, so that
one pass finds everything."""

SLACK: Final = 1.75
"""Pages differ by so much on a machine that does nothing else."""

WAY: Final = 3
"""How many times what others took of a page is left to them."""

_FORGET: Final = 1.0002

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


class Courtesy:
    """Rests between pages where others make them take long, and not at all where nobody does.

    The sweep is in no hurry, since nobody can spend what is due. What a lot takes at best is learnt
    from the pages themselves, and slowly forgotten; small ones say nothing about it.
    """

    def __init__(self) -> None:
        """Begin with no page seen."""
        self._best = math.inf

    def rest(self, lots: int, seconds: float) -> float:
        """Say how long to rest after a page of so many lots; at most WAY times what it took."""
        if lots < SMALLEST:
            return 0.0
        self._best = min(self._best * _FORGET, seconds / lots)
        return WAY * max(0.0, seconds - SLACK * self._best * lots)
