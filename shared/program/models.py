"""The program: a merchant's rules, as one document that says everything and nothing twice.

A rule the document leaves out earns nothing. Later rules join `Earn` and `Program` as optional
keys, so that every document ever applied keeps its meaning under later code.
"""

from calendar import monthrange
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.program.fields import (
    EXPECTED,
    Currency,
    DayOfMonth,
    Days,
    Ladder,
    Month,
    Months,
    PerMinor,
    Points,
    Version,
    Years,
    Zone,
)

# A leap year, so that a fixed date may be 29 February.
_LEAP_YEAR = 2000


Rounding: TypeAlias = Literal["down", "half-up", "up"]


class Part(BaseModel):
    """A part of the document: immutable, with no keys but its own and no guessing of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Rate(Part):
    """Points per money: `points` for every `per_minor` minor units (fen, cents) paid."""

    points: Points
    per_minor: PerMinor


class Purchase(Part):
    """What an order earns: its lines' money at the rate of its currency, rounded once."""

    rounding: Rounding = "down"
    currencies: dict[Currency, Rate] = Field(default_factory=dict)


class CheckIn(Part):
    """What a daily check-in earns: a step of the ladder, and a bonus for a month without a gap."""

    ladder: Ladder = ()
    after_last: Literal["restart", "stay"] = "restart"
    missed_day: Literal["reset", "continue"] = "reset"
    full_attendance: Points = 0


class Share(Part):
    """What a sharer earns when a friend clicks, and when that friend's first order comes."""

    clicked: Points = 0
    ordered: Points = 0


class Earn(Part):
    """The ways of earning; one that is left out earns nothing."""

    purchase: Purchase = Purchase()
    check_in: CheckIn = CheckIn()
    share: Share = Share()


class Refund(Part):
    """What happens when more is to be taken back than a member has."""

    policy: Literal["debt", "clip"] = "debt"


class NeverExpires(Part):
    """Points are kept for ever."""

    policy: Literal["never"]


class FixedDate(Part):
    """Points end on the next such day of the year that is at least so many days away."""

    policy: Literal["fixed-date"]
    month: Month
    day: DayOfMonth
    at_least_days: Days = 90

    @field_validator("day")
    @classmethod
    def _day_exists(cls, day: int, info: ValidationInfo) -> int:
        month = info.data.get("month")
        last = monthrange(_LEAP_YEAR, month)[1] if month else day
        if day > last:
            phrase = f"a day from 1 to {last} in month {month}"
            raise PydanticCustomError(EXPECTED, "{phrase}", {"phrase": phrase})
        return day


class MonthBatch(Part):
    """Points of one month end together, on the last day of the month so many months later."""

    policy: Literal["month-batch"]
    after_months: Months = 12


class Rolling(Part):
    """Points end so many years after the day they were earned."""

    policy: Literal["rolling"]
    years: Years = 2


Expiry: TypeAlias = Annotated[
    NeverExpires | FixedDate | MonthBatch | Rolling,
    Field(discriminator="policy"),
]


class Program(Part):
    """A merchant's rules, complete: two members who do the same earn the same."""

    version: Version
    zone: Zone
    earn: Earn
    refund: Refund = Refund()
    expiry: Expiry
