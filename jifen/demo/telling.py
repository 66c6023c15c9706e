"""Telling events and seeing what became of them: through Kafka, earn and into the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from jifen.demo import ledger
from jifen.demo.causes import cause_of
from jifen.demo.errors import ReplayError
from jifen.demo.ledger import Outcomes, Told
from jifen.demo.meter import Meter
from jifen.demo.shift import FILE as SHIFT_FILE
from jifen.demo.tell import open_teller
from shared.contract.codec import Event
from shared.platform import postgres
from shared.platform.clock import monotonic


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where events go, where they end up, and where the shift of dates is remembered."""

    kafka_bootstrap: str
    database_url: str
    home: Path


@dataclass(kw_only=True, slots=True)
class Telling:
    """What was told and what became of it; `telling_seconds` until it was all in Kafka."""

    told: list[Told] = field(default_factory=list)
    outcomes: Outcomes = field(default_factory=Outcomes)
    telling_seconds: float = 0
    seconds: float = 0

    @property
    def members(self) -> list[str]:
        """Whom it was told of."""
        return sorted({member for member, _ in self.told})

    @property
    def missing(self) -> int:
        """Events of which nothing is to be found, not even a refusal.

        A conflict has the entry of the first telling beside its letter.
        """
        found = self.outcomes
        refused = found.refused.total() - found.refused["conflict"]
        return len(self.told) - found.entries - found.parked - refused

    @property
    def all_repeats(self) -> bool:
        """Tell whether nothing of it was new."""
        return self.outcomes.repeats == len(self.told)


def check(telling: Telling) -> None:
    """Raise ReplayError, with what to do, unless all that was told has its entry or waits."""
    conflicts = telling.outcomes.refused["conflict"]
    if conflicts:
        raise ReplayError(
            f"{conflicts:,} of {len(telling.told):,} events were told before with other contents, "
            "and the first telling stands. Were dates moved by another number of days then (the "
            f"state's folder remembers it in {SHIFT_FILE}), or was another shop's file told under "
            "the same ids (give it a prefix)? See `jifen dead-letters list`"
        )
    if telling.outcomes.refused or telling.missing:
        raise ReplayError("not everything was accepted: see `jifen dead-letters list`")


async def tell_and_see(events: Iterable[Event], place: Place, meter: Meter) -> Telling:
    """Tell events, wait until earn has applied them, and read what they became.

    Raises ReplayError when broker or service don't get on; then telling it again is harmless.
    """
    connection = await ledger.connect(place.database_url)
    try:
        zone = (await ledger.revisions(connection)).zone
        since = await ledger.clock(connection)
        telling, began = Telling(), monotonic()
        async with open_teller(place.kafka_bootstrap) as teller:
            for event in events:
                telling.told.append((event.data.member_id, cause_of(event.data, zone)))
                await teller.tell(event)
        telling.telling_seconds = monotonic() - began
        all_told = len(telling.told)
        with meter.measure("in the ledger", all_told) as say:
            await ledger.caught_up(connection, teller.ends, lambda left: say(all_told - left))
        telling.seconds = monotonic() - began
        telling.outcomes = await ledger.outcomes(connection, telling.told, since)
    finally:
        await postgres.close(connection)
    return telling
