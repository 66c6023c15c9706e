"""The desk: what a batch of earn has loaded, and what deciding it changed."""

from dataclasses import dataclass, field
from datetime import date

from services.earn.domain.award import AwardState
from services.earn.domain.check_in import CheckInDay


@dataclass(slots=True, kw_only=True)
class OrderClaim:
    """Whose order it is; `settled` once its payment is in the ledger.

    `refunded`: nothing of it is left to refund.
    """

    member_id: str | None
    settled: bool
    refunded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FriendClaim:
    """The sharer whom a friend's first order paid, and with what."""

    friend_id: str
    member_id: str
    order_id: str
    points: int
    expires_on: date


@dataclass(slots=True, kw_only=True)
class Desk:
    """State of one batch; the `changed` sets name what the store must write.

    `orders` and `awards` are by order, `friends` by friend, `sharers` by the friend's order,
    `days` by member and ascending.
    """

    orders: dict[str, OrderClaim] = field(default_factory=dict)
    awards: dict[str, AwardState] = field(default_factory=dict)
    friends: dict[str, FriendClaim] = field(default_factory=dict)
    sharers: dict[str, FriendClaim] = field(default_factory=dict)
    days: dict[str, list[CheckInDay]] = field(default_factory=dict)
    changed_awards: set[str] = field(default_factory=set)
    changed_days: dict[tuple[str, date], CheckInDay] = field(default_factory=dict)
    new_friends: dict[str, FriendClaim] = field(default_factory=dict)

    def keep_award(self, order_id: str, award: AwardState) -> None:
        """Take over an order's award as a refund left it."""
        self.awards[order_id] = award
        self.changed_awards.add(order_id)

    def keep_days(self, member_id: str, days: tuple[CheckInDay, ...]) -> None:
        """Take over the days a check-in added or changed."""
        by_day = {one.day: one for one in self.days.get(member_id, [])}
        for one in days:
            by_day[one.day] = one
            self.changed_days[member_id, one.day] = one
        self.days[member_id] = [by_day[day] for day in sorted(by_day)]

    def keep_friend(self, claim: FriendClaim) -> None:
        """Note that a friend has paid a sharer, once for ever."""
        self.friends[claim.friend_id] = self.new_friends[claim.friend_id] = claim
        self.sharers[claim.order_id] = claim
