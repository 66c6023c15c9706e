"""The moment a transaction decides at, made from the database's clock and the revisions."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.ledger.book import Today
from shared.pipeline.command import Moment
from shared.program.dates import local_day
from shared.program.revisions import Revisions


def moment_at(now: datetime, revisions: Revisions) -> Moment:
    """Return the moment of `now`, with the local day and midnights of the program's zone."""
    zone = revisions.zone
    today = Today(
        now=now,
        day=local_day(now, zone),
        revision=revisions.in_force(now).number,
        midnight_after=lambda day: _midnight_after(day, zone),
    )
    return Moment(today=today, revisions=revisions)


def _midnight_after(day: date, zone: str) -> datetime:
    """Return the instant at which a local day is over."""
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)
