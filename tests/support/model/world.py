"""What is told, in the order of arrival, and what becomes of it.

A thing that happened has a name, its cause. The first telling of it counts, a second one changes
nothing, and a second one with another body is a conflict. What comes before the thing it needs
waits for it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.support.model.account import Account
from tests.support.model.orders import Order
from tests.support.model.rules import Rules

Event = dict[str, Any]
"""{"type": "order.paid.v1", "data": {…}}, the data as on the wire."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
HAPPENED = {
    "order.paid.v1": "paid_at",
    "order.refunded.v1": "refunded_at",
    "check-in.made.v1": "made_at",
    "share.clicked.v1": "clicked_at",
    "share.ordered.v1": "ordered_at",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """An event as it is applied: what it says, the local day it happened, and today."""

    event: Event
    type: str
    data: dict[str, Any]
    member: str
    day: date
    today: date
    now: datetime

    @property
    def cause(self) -> str:
        """Name what happened in the world, not the message that told of it."""
        data = self.data
        match self.type:
            case "order.paid.v1":
                return f"order/{data['order_id']}/paid"
            case "order.refunded.v1":
                return f"order/{data['order_id']}/refund/{data['refund_id']}"
            case "check-in.made.v1":
                return f"check-in/{self.day}"
            case "share.clicked.v1":
                return f"share/click/{data['friend_id']}/{self.day}"
            case "share.ordered.v1":
                return f"share/order/{data['order_id']}"
            case unknown:
                raise ValueError(unknown)

    @property
    def substance(self) -> object:
        """Say what makes two tellings the same: neither ids nor times of the telling."""
        data = self.data
        match self.type:
            case "order.paid.v1":
                lines = {line["line_id"]: _goods(line) for line in data["lines"]}
                return (_moment(data["paid_at"]), data["currency"], lines)
            case "order.refunded.v1":
                return (_moment(data["refunded_at"]), _by_line(data), data.get("amount_minor"))
            case "check-in.made.v1":
                return ()
            case _:
                return data["friend_id"]


@dataclass(slots=True, kw_only=True)
class Bonus:
    """What a friend's first order brought to the one who shared."""

    sharer: str
    order_id: str
    expires_on: date
    points: int
    reversed: bool = False


ONCE_A_DAY = ("check-in.made.v1", "share.clicked.v1")


class World:
    """All members of one program."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.dead: list[tuple[Event, str]] = []
        self.duplicates: list[Event] = []
        self._accounts: defaultdict[str, Account] = defaultdict(Account)
        self._heard: dict[tuple[str, str], object] = {}
        self._waiting: defaultdict[str, list[Event]] = defaultdict(list)
        self._orders: dict[str, Order] = {}
        self._bonuses: dict[str, Bonus] = {}
        self._check_ins: defaultdict[str, dict[date, int]] = defaultdict(dict)
        self._corrected: Counter[tuple[str, date]] = Counter()

    @property
    def parked(self) -> list[Event]:
        """What still waits for something."""
        return [event for events in self._waiting.values() for event in events]

    def account(self, member: str) -> Account:
        return self._accounts[member]

    def accounts(self) -> dict[str, Account]:
        """Every member of whom the ledger has a line."""
        return {member: account for member, account in self._accounts.items() if account.entries}

    def settle(self, now: datetime, member: str | None = None) -> None:
        """Sweep what is due, of one member or of all; early or late, the end is the same."""
        for one in [member] if member else list(self._accounts):
            self.account(one).expire(self.rules.day(now))

    def tell(self, event: Event, now: datetime) -> None:
        """Apply one event; the rules see the time it happened, never one that lies ahead."""
        kind, data = event["type"], event["data"]
        happened = _moment(data[HAPPENED[kind]])
        told = Telling(
            event=event,
            type=kind,
            data=data,
            member=data["member_id"],
            # What is told once a day keeps its own day, whatever the clock says when it comes.
            day=self.rules.day(happened if kind in ONCE_A_DAY else min(happened, now)),
            today=self.rules.day(now),
            now=now,
        )
        heard = self._heard.get((told.member, told.cause))
        if not EARLIEST <= happened <= now + timedelta(days=1):
            self._bury(told, "time-out-of-range")
        elif heard is None:
            self._decide(told)
        elif heard == told.substance:
            self.duplicates.append(event)
        else:
            self._bury(told, "conflict")

    def _decide(self, told: Telling) -> None:
        match told.type:
            case "order.paid.v1":
                self._order_paid(told)
            case "order.refunded.v1":
                self._order_refunded(told)
            case "check-in.made.v1":
                self._check_in_made(told)
            case "share.clicked.v1":
                self._share_clicked(told)
            case "share.ordered.v1":
                self._share_ordered(told)
            case unknown:
                raise ValueError(unknown)

    # Orders

    def _order_paid(self, told: Telling) -> None:
        """An order belongs to the first member it is told for; its goods earn, its shipping not."""
        data = told.data
        if data["order_id"] in self._orders:
            self._bury(told, "order-of-another-member")
            return
        currency = data["currency"]
        order = Order(
            member=told.member,
            currency=currency,
            left={line["line_id"]: line["paid_minor"] for line in data["lines"]},
            awarded=0,
            expires_on=self.rules.expiry.expires_on(told.day),
        )
        order.awarded = self.rules.purchase(currency, order.base)
        self._orders[data["order_id"]] = order
        known = currency in self.rules.currencies
        self._earn(told, order.awarded, why="" if known else "currency-not-in-program")
        self._wake(told)

    def _order_refunded(self, told: Telling) -> None:
        """The order's award is worked out again on what remains; the difference is taken back."""
        data = told.data
        order = self._order_of(told, told.member)
        if order is None:
            return
        lines = _by_line(data)
        if lines is None:
            order.refund_amount(data["amount_minor"])
        elif lines.keys() <= order.left.keys():
            order.refund_lines(lines)
        else:
            self._bury(told, "unknown-line")
            return
        back = order.awarded - self.rules.purchase(order.currency, order.base) - order.taken_back
        order.taken_back += back
        self._heard[told.member, told.cause] = told.substance
        self._take_back(told.member, order.expires_on, back, told.cause, told.today)
        self._bonus_goes_back(data["order_id"], order, told.today)

    def _order_of(self, told: Telling, owner: str) -> Order | None:
        """Find the order an event speaks of; without it the event waits, as another's it dies."""
        order = self._orders.get(told.data["order_id"])
        if order is None:
            self._waiting[f"order/{told.data['order_id']}/paid"].append(told.event)
        elif order.member == owner:
            return order
        else:
            self._bury(told, "order-of-another-member")
        return None

    def _wake(self, told: Telling) -> None:
        """Apply what waited for this, oldest first; other members' events after the member's."""
        waiting = self._waiting.pop(told.cause, [])
        for event in sorted(waiting, key=lambda event: event["data"]["member_id"] != told.member):
            self.tell(event, told.now)

    # Check-ins

    def _check_in_made(self, told: Telling) -> None:
        """One a day. A late one earns for its own day and corrects the later days it changes."""
        before = self._check_ins[told.member]
        after = self.rules.check_ins([*before, told.day])
        self._check_ins[told.member] = after
        self._earn(told, after[told.day] + self.rules.attendance(after, told.day))
        for day in sorted(before):
            if after[day] != before[day]:
                self._correct(told, day, after[day] - before[day])

    def _correct(self, told: Telling, day: date, points: int) -> None:
        self._corrected[told.member, day] += 1
        cause = f"check-in/{day}/corrected/{self._corrected[told.member, day]}"
        expires_on = self.rules.expiry.expires_on(day)
        if points > 0:
            account = self.account(told.member)
            account.credit([(expires_on, points)], cause=cause, today=told.today)
        else:
            self._take_back(told.member, expires_on, -points, cause, told.today)

    # Shares

    def _share_clicked(self, told: Telling) -> None:
        """A friend's click earns once a day; one's own never."""
        own = told.data["friend_id"] == told.member
        self._earn(told, 0 if own else self.rules.friend_clicks, why="self-referral" if own else "")

    def _share_ordered(self, told: Telling) -> None:
        """The first order of a friend earns once for ever, for one sharer, unless undone."""
        friend, order_id = told.data["friend_id"], told.data["order_id"]
        if friend == told.member:
            self._earn(told, 0, why="self-referral")
            return
        order = self._order_of(told, friend)
        if order is None:
            return
        if friend in self._bonuses:
            self._earn(told, 0, why="friend-already-rewarded")
        elif order.gone:
            self._earn(told, 0, why="order-refunded")
        else:
            self._bonuses[friend] = Bonus(
                sharer=told.member,
                order_id=order_id,
                expires_on=self.rules.expiry.expires_on(told.day),
                points=self.rules.friend_orders,
            )
            self._earn(told, self.rules.friend_orders)

    def _bonus_goes_back(self, order_id: str, order: Order, today: date) -> None:
        """With the whole order the sharer's bonus goes; the friend stays rewarded."""
        bonus = self._bonuses.get(order.member)
        if bonus and bonus.order_id == order_id and order.gone and not bonus.reversed:
            bonus.reversed = True
            cause = f"share/order/{order_id}/reversed"
            self._take_back(bonus.sharer, bonus.expires_on, bonus.points, cause, today)

    # What all of them do

    def _earn(self, told: Telling, points: int, why: str = "") -> None:
        """Post an award, dated by the day it was earned; one worth 0 is posted too and says why."""
        self._heard[told.member, told.cause] = told.substance
        part = (self.rules.expiry.expires_on(told.day), points)
        self.account(told.member).credit([part], cause=told.cause, today=told.today, why=why)

    def _take_back(self, member: str, day: date, points: int, cause: str, today: date) -> None:
        self.account(member).take_back(day, points, self.rules.refund, cause=cause, today=today)

    def _bury(self, told: Telling, reason: str) -> None:
        self.dead.append((told.event, reason))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _goods(line: dict[str, Any]) -> tuple[str, int, int]:
    return line["sku"], line["quantity"], line["paid_minor"]


def _by_line(data: dict[str, Any]) -> dict[str, int] | None:
    if data.get("lines") is None:
        return None
    return {line["line_id"]: line["paid_minor"] for line in data["lines"]}
