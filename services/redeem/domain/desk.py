"""The desk: what a batch of redeem has loaded, and what deciding it changed."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from pydantic import JsonValue

from services.redeem.domain.answer import Spelt
from services.redeem.domain.redemption import Redemption, RedemptionKey
from shared.ledger.entries import Cause, MemberId, Telling
from shared.rewards.models import Reward


@dataclass(slots=True, kw_only=True)
class Stock:
    """What there is of a reward; `day_used` counts what was asked for on `day` and not given up.

    The day never goes back: a batch that began before midnight and came late counts under the
    next day, where one from that day was first.
    """

    total: int
    reserved: int
    sold: int
    day: date
    day_used: int

    @property
    def left(self) -> int:
        """Pieces that nobody has."""
        return self.total - self.reserved - self.sold

    def counting_day(self, today: date) -> date:
        """Name the day that a request made now counts under."""
        return max(today, self.day)

    def used_on(self, day: date) -> int:
        """Count the pieces of that day; `day` is none before the stock's own."""
        return self.day_used if day == self.day else 0

    def take(self, quantity: int, day: date, *, held: bool) -> None:
        """Take pieces: held for a reservation, else sold."""
        self.day, self.day_used = day, self.used_on(day) + quantity
        if held:
            self.reserved += quantity
        else:
            self.sold += quantity

    def sell(self, quantity: int) -> None:
        """Sell what was held."""
        self.reserved -= quantity
        self.sold += quantity

    def put_back(self, quantity: int, day: date, *, held: bool) -> None:
        """Put pieces back that were counted under that day."""
        if day == self.day:
            self.day_used -= quantity
        if held:
            self.reserved -= quantity
        else:
            self.sold -= quantity


@dataclass(slots=True, kw_only=True)
class Shelf:
    """A reward as it is offered, and its stock; `reward` is None once it is no longer offered."""

    reward: Reward | None
    revision: int
    stock: Stock


class Kept(NamedTuple):
    """A command that was decided: how it was told, and what it came to."""

    fingerprint: bytes
    answer: Spelt


class StatusEvent(NamedTuple):
    """One status to announce; `figures` where a request was rejected."""

    member_id: MemberId
    redemption_id: str
    status: str
    version: int
    reward_id: str
    quantity: int
    points: int
    at: datetime
    reason: str | None = None
    figures: dict[str, JsonValue] | None = None
    traceparent: str | None = None


class Decided(NamedTuple):
    """A command to keep with its answer."""

    member_id: MemberId
    cause: Cause
    kept: Kept
    at: datetime


@dataclass(slots=True, kw_only=True)
class Desk:
    """State of one batch; `made`, `changed`, `moved_stock`, `decided`, `events` are what to write.

    `made` are new redemptions, `changed` those in another status, new ones among them.

    `used` counts pieces by member, reward and first day of the month, where that is limited;
    `kept` has the answers of commands told before and of those decided here; `released` counts
    the reservations of members that were given up here because their time was over.
    """

    shelves: dict[str, Shelf] = field(default_factory=dict)
    redemptions: dict[RedemptionKey, Redemption] = field(default_factory=dict)
    held: dict[MemberId, set[str]] = field(default_factory=dict)
    used: dict[tuple[MemberId, str, date], int] = field(default_factory=dict)
    kept: dict[tuple[MemberId, Cause], Kept] = field(default_factory=dict)
    made: set[RedemptionKey] = field(default_factory=set)
    changed: set[RedemptionKey] = field(default_factory=set)
    moved_stock: set[str] = field(default_factory=set)
    released: dict[MemberId, int] = field(default_factory=dict)
    decided: list[Decided] = field(default_factory=list)
    events: list[StatusEvent] = field(default_factory=list)

    def offered(self, reward_id: str) -> tuple[Shelf, Reward]:
        """Return a reward that is offered; raises LookupError for one that is not."""
        shelf = self.shelves[reward_id]
        if shelf.reward is None:
            raise LookupError(f"{reward_id} is not offered")
        return shelf, shelf.reward

    def put(self, redemption: Redemption) -> None:
        """Lay a redemption on the desk, as it was loaded or as it is now."""
        self.redemptions[redemption.key] = redemption
        held = self.held.setdefault(redemption.member_id, set())
        if redemption.is_held:
            held.add(redemption.redemption_id)
        else:
            held.discard(redemption.redemption_id)

    def open_of(self, member_id: MemberId) -> list[Redemption]:
        """List a member's reservations, those that end first first."""
        names = self.held.get(member_id, ())
        found = [self.redemptions[member_id, name] for name in names]
        return sorted(found, key=lambda one: (one.reserved_until, one.redemption_id))

    def keep(self, redemption: Redemption) -> None:
        """Take over a redemption as it is now, to be written."""
        self.put(redemption)
        self.changed.add(redemption.key)

    def announce(self, redemption: Redemption, traceparent: str | None) -> None:
        """Take over a redemption in a new status, and tell of it."""
        self.keep(redemption)
        event = StatusEvent(
            member_id=redemption.member_id,
            redemption_id=redemption.redemption_id,
            status=redemption.status,
            version=redemption.version,
            reward_id=redemption.reward_id,
            quantity=redemption.quantity,
            points=redemption.points,
            at=redemption.changed_at,
            reason=redemption.reason,
            traceparent=traceparent,
        )
        self.events.append(event)

    def answer(self, member_id: MemberId, telling: Telling, answer: Spelt, at: datetime) -> None:
        """Keep what a command came to, for ever."""
        kept = Kept(fingerprint=telling.fingerprint, answer=answer)
        self.kept[member_id, telling.cause] = kept
        self.decided.append(Decided(member_id=member_id, cause=telling.cause, kept=kept, at=at))

    def take(self, redemption: Redemption) -> None:
        """Take a new redemption's pieces, and count them for the limits."""
        self.made.add(redemption.key)
        shelf = self.shelves[redemption.reward_id]
        shelf.stock.take(redemption.quantity, redemption.counted_on, held=redemption.is_held)
        self._count(redemption, redemption.quantity)

    def put_back(self, redemption: Redemption) -> None:
        """Put the pieces of a redemption back, and free the limits."""
        shelf = self.shelves[redemption.reward_id]
        shelf.stock.put_back(redemption.quantity, redemption.counted_on, held=redemption.is_held)
        self._count(redemption, -redemption.quantity)

    def sell(self, redemption: Redemption) -> None:
        """Sell the pieces that a reservation holds."""
        self.shelves[redemption.reward_id].stock.sell(redemption.quantity)
        self.moved_stock.add(redemption.reward_id)

    def _count(self, redemption: Redemption, quantity: int) -> None:
        self.moved_stock.add(redemption.reward_id)
        month = redemption.counted_on.replace(day=1)
        key = (redemption.member_id, redemption.reward_id, month)
        self.used[key] = self.used.get(key, 0) + quantity
