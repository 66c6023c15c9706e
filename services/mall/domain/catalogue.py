"""Rewards as a member sees them: what is on the shelf, and what is in the way of having it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from services.mall.domain.account import Lot
from services.mall.domain.cursors import Place
from shared.program.dates import month_end

Obstacle: TypeAlias = Literal[
    "out-of-stock", "daily-limit", "tier-required", "member-monthly-limit", "insufficient-points"
]
"""What redeem would refuse one piece for, by redeem's own words."""

_ONE_DAY: Final = timedelta(days=1)

Used: TypeAlias = Mapping[tuple[str, date], int]
"""Pieces a member has of a reward by its id and the first day of the month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Prices from one, up to but not including the other; None has no end."""

    low: int = 0
    below: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many pieces are left of a limit, and when it begins anew."""

    limit: int
    left: int
    resets_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """A reward that is on sale; `counts_on` is the local day that limits count it under."""

    reward_id: str
    position: int
    kind: str
    title: str
    points: int
    stock_left: int
    daily: Limit | None
    monthly_limit: int | None
    on_sale_from: datetime | None
    on_sale_until: datetime | None
    tiers: tuple[str, ...]
    counts_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a reward is to one member: what is missing, and what else is in the way."""

    affordable: bool
    missing: int
    monthly: Limit | None
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """One purchase of a member; `lots` says where its points came from."""

    redemption_id: str
    reward_id: str
    title: str | None
    kind: str
    quantity: int
    points: int
    status: str
    version: int
    reason: str | None
    lots: tuple[Lot, ...]
    requested_at: datetime
    reserved_until: datetime | None
    carrier: str | None
    tracking_no: str | None
    changed_at: datetime

    @property
    def place(self) -> Place:
        """Where it stands among the member's."""
        return Place(self.requested_at, self.redemption_id)


def counting_day(today: date, stock_day: date) -> date:
    """Name the day that a request made now counts under; a stock's day never goes back."""
    return max(today, stock_day)


def daily_limit(limit: int | None, *, used: int, day: date, zone: str) -> Limit | None:
    """Return what is left of a reward's daily limit, that of all members together."""
    return None if limit is None else _limit(limit, used, day, zone)


def prospect_of(reward: Reward, *, spendable: int, used: Used, zone: str) -> Prospect:
    """Say what a reward is to a member who can spend so many points."""
    month, missing = reward.counts_on.replace(day=1), max(0, reward.points - spendable)
    monthly = None
    if reward.monthly_limit is not None:
        taken = used.get((reward.reward_id, month), 0)
        monthly = _limit(reward.monthly_limit, taken, month_end(month.year, month.month), zone)
    in_the_way: tuple[tuple[Obstacle, bool], ...] = (
        ("out-of-stock", reward.stock_left < 1),
        ("daily-limit", reward.daily is not None and reward.daily.left < 1),
        # Nobody has a tier yet.
        ("tier-required", bool(reward.tiers)),
        ("member-monthly-limit", monthly is not None and monthly.left < 1),
        ("insufficient-points", missing > 0),
    )
    return Prospect(
        affordable=missing == 0,
        missing=missing,
        monthly=monthly,
        obstacles=tuple([word for word, stands in in_the_way if stands]),
    )


def _limit(limit: int, used: int, last_day: date, zone: str) -> Limit:
    midnight = datetime.combine(last_day + _ONE_DAY, time.min, ZoneInfo(zone)).astimezone(UTC)
    return Limit(limit=limit, left=max(0, limit - used), resets_at=midnight)
