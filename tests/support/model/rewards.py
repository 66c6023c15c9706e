"""Rewards and redemptions: what points buy, and one purchase of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from tests.support.model.account import Part

Status = Literal["reserved", "to-ship", "shipped", "completed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """One thing to be had; a limit that is None does not limit."""

    id: str
    points: int
    stock: int  # of all time: what is left, what is reserved and what was sold
    daily_limit: int | None = None
    monthly_limit: int | None = None  # of each member
    on_sale_from: datetime | None = None
    on_sale_until: datetime | None = None  # the first moment at which it is not on sale any more
    tiers: tuple[str, ...] = ()  # none: for everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command came to; told again, it comes to the same again.

    `reason` and `figures` are there when it was refused.
    """

    status: Status | Literal["rejected"]
    reason: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)
    balance: int | None = None  # after it, where points were moved

    @property
    def accepted(self) -> bool:
        return not self.reason


@dataclass(slots=True, kw_only=True)
class Redemption:
    """One purchase: the points it cost, and the lots they came from."""

    id: str
    member: str
    reward: Reward
    quantity: int
    lots: list[Part]
    day: date  # by the shop's clock; what daily and monthly limits count it under
    until: datetime  # a reservation that is not confirmed before is released
    status: Status
    version: int = 1
    reason: str = ""

    @property
    def points(self) -> int:
        return self.reward.points * self.quantity

    @property
    def held(self) -> bool:
        return self.status == "reserved"

    @property
    def stands(self) -> bool:
        """Whether it has its piece of the stock, reserved or sold, and counts for the limits."""
        return self.status != "cancelled"
