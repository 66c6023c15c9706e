"""Replaying a file: look at it, tell it, and sum up what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from jifen.demo import events
from jifen.demo.conversion import Conversion
from jifen.demo.form import Form
from jifen.demo.meter import Meter
from jifen.demo.orders import Skipped
from jifen.demo.returns import Unmatched
from jifen.demo.shift import shift_days
from jifen.demo.survey import Survey, survey
from jifen.demo.telling import Place, Telling, tell_and_see
from shared.contract.codec import Event
from shared.platform.clock import utc_now

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A file that was looked at and understood, ready to be told."""

    path: Path
    form: Form
    survey: Survey
    shift_days: int

    def conversion(self) -> Conversion:
        """Read it once more, from the beginning."""
        return Conversion(self.path, self.form, self.survey, shift_days=self.shift_days)


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A replay: what the file had, and what became of what was told of it."""

    rows: int
    orders: int
    refunds: int
    skipped: Skipped
    unmatched: list[Unmatched]
    shift_days: int
    telling: Telling


def plan(path: Path, form: Form, home: Path, meter: Meter, *, shift_to_now: bool) -> Plan:
    """Look at a file; raises ReplayError where it can't be told."""
    with meter.measure("reading", None) as say:
        found = survey(path, form, say)
    days = 0
    if shift_to_now and found.last_at is not None:
        today = utc_now().astimezone(ZoneInfo(form.zone)).date()
        last = found.last_at.date()
        days = shift_days(home, found.digest, last=last, yesterday=today - _ONE_DAY)
    return Plan(path=path, form=form, survey=found, shift_days=days)


async def replay(planned: Plan, place: Place, meter: Meter) -> Summary:
    """Tell a file's orders and refunds, wait until earn has them, and read what they became."""
    conversion = planned.conversion()
    telling = await tell_and_see(_events(conversion, planned, meter), place, meter)
    return Summary(
        rows=conversion.rows,
        orders=conversion.orders_made,
        refunds=conversion.refunds_made,
        skipped=conversion.skipped,
        unmatched=conversion.unmatched,
        shift_days=planned.shift_days,
        telling=telling,
    )


def _events(conversion: Conversion, planned: Plan, meter: Meter) -> Iterator[Event]:
    with meter.measure("telling", planned.survey.rows) as say:
        for order in conversion.orders():
            yield events.paid(order, planned.form.currency)
            say(conversion.rows)
        say(conversion.rows)
        for refund in conversion.refunds():
            yield events.refunded(refund)
