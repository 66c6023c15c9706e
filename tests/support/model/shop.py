"""Redeeming: what is asked, confirmed, cancelled and shipped, and what becomes of it.

Whatever is told of a member first releases the reservations whose time is over, as every entry
first expires what is due. An answer is given once; the same told again gets the same answer, told
otherwise it is a conflict. What comes before the thing it needs waits for it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.model.account import Account
from tests.support.model.rewards import Answer, Redemption, Reward, Status
from tests.support.model.rules import Rules
from tests.support.model.world import EARLIEST, Event

MOST_POINTS = 10**9
"""No redemption costs more."""

VERBS = {
    "redemption.requested.v1": ("reserve", "requested_at"),
    "redemption.confirmed.v1": ("confirm", "at"),
    "redemption.cancelled.v1": ("cancel", "at"),
    "shipment.sent.v1": ("ship", "at"),
    "shipment.delivered.v1": ("deliver", "at"),
}


class StockError(Exception):
    """What is reserved or sold can't be taken out of the stock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A command as it is applied."""

    event: Event
    verb: str
    member: str
    id: str
    data: dict[str, Any]
    happened: datetime
    now: datetime

    @property
    def cause(self) -> str:
        return f"redemption/{self.id}/{self.verb}"

    @property
    def substance(self) -> object:
        return [self.data.get(name) for name in ("reward_id", "quantity", "confirm")]


class Shop:
    """All redemptions of one program; the accounts are those that earning fills."""

    def __init__(
        self,
        rules: Rules,
        account_of: Callable[[str], Account],
        rewards: Iterable[Reward],
        *,
        reservation: timedelta = timedelta(minutes=15),
        most_open: int = 3,
    ) -> None:
        self.rules, self.account_of = rules, account_of
        self.reservation, self.most_open = reservation, most_open
        self.rewards = {reward.id: reward for reward in rewards}
        self.redemptions: dict[tuple[str, str], Redemption] = {}
        self.answers: dict[tuple[str, str], Answer] = {}
        self.events: list[tuple[str, str, int, str]] = []  # status, redemption, version, reason
        self.dead: list[tuple[Event, str]] = []
        self.duplicates: list[Event] = []
        self._heard: dict[tuple[str, str], object] = {}
        self._waiting: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)

    @property
    def parked(self) -> list[Event]:
        return [event for events in self._waiting.values() for event in events]

    def offer(self, rewards: Iterable[Reward]) -> None:
        """Replace the rewards; reservations and sales keep what they have."""
        offered = {reward.id: reward for reward in rewards}
        for name, reward in offered.items():
            if reward.stock < self.taken(name):
                raise StockError(f"{self.taken(name)} of {name} are reserved or sold")
        self.rewards = offered

    def taken(self, reward: str) -> int:
        """Count what is not left any more."""
        return sum(one.quantity for one in self._standing(reward))

    def release(self, now: datetime, member: str | None = None) -> None:
        """Give up reservations whose time is over, of one member or of all."""
        due = [
            one
            for one in self.redemptions.values()
            if one.held and one.until <= now and member in {None, one.member}
        ]
        due.sort(key=lambda one: (one.until, one.id))
        for one in due:
            self._give_up(one, "reservation-expired", now)
        for one in due:
            self._wake(one.member, one.id, now)

    def tell(self, event: Event, now: datetime) -> None:
        """Apply one command."""
        verb, time_field = VERBS[event["type"]]
        data = event["data"]
        happened = datetime.fromisoformat(data[time_field])
        told = Telling(
            event=event,
            verb=verb,
            member=data["member_id"],
            id=data["redemption_id"],
            data=data,
            happened=min(happened, now),
            now=now,
        )
        key = (told.member, told.cause)
        if not EARLIEST <= happened <= now + timedelta(days=1):
            self.dead.append((event, "time-out-of-range"))
        elif key not in self._heard:
            self.release(now, told.member)
            self._decide(told)
            if key in self._heard:
                self._wake(told.member, told.id, now)
        elif self._heard[key] == told.substance:
            self.duplicates.append(event)
        else:
            self.dead.append((event, "conflict"))

    def _decide(self, told: Telling) -> None:
        if told.verb == "reserve":
            self._request(told)
            return
        redemption = self.redemptions.get((told.member, told.id))
        request = self.answers.get((told.member, f"redemption/{told.id}/reserve"))
        if redemption:
            {
                "confirm": self._confirm,
                "cancel": self._cancel,
                "ship": self._ship,
                "deliver": self._ship,
            }[told.verb](told, redemption)
        elif request is None:
            self._waiting[told.member, told.id].append(told.event)
        elif told.verb in {"ship", "deliver"}:
            self.dead.append((told.event, "redemption-rejected"))
        else:
            figures = {"rejected_for": request.reason}
            self._answer(
                told, Answer(status="rejected", reason="redemption-rejected", figures=figures)
            )

    # Asking

    def _request(self, told: Telling) -> None:
        """Take stock and points at once, or neither and say why."""
        refusal = self._why_not(told)
        if refusal is not None:
            self._answer(told, refusal)
            self.events.append(("rejected", told.id, 1, refusal.reason))
            return
        reward, quantity = self.rewards[told.data["reward_id"]], told.data["quantity"]
        account, day = self.account_of(told.member), self.rules.day(told.now)
        lots = account.spend(reward.points * quantity, cause=told.cause, today=day)
        redemption = Redemption(
            id=told.id,
            member=told.member,
            reward=reward,
            quantity=quantity,
            lots=lots,
            day=day,
            until=told.now + self.reservation,
            status="to-ship" if told.data["confirm"] else "reserved",
        )
        self.redemptions[told.member, told.id] = redemption
        self._answer(told, Answer(status=redemption.status, balance=account.balance))
        self._announce(redemption)

    def _why_not(self, told: Telling) -> Answer | None:
        """Say the first thing that is in the way: the request, then the shop, then the member."""
        if told.now - told.happened > self.reservation:
            seconds = int(self.reservation.total_seconds())
            return _no("too-old", requested_at=told.happened, at_most_seconds=seconds)
        reward = self.rewards.get(told.data["reward_id"])
        if reward is None:
            return _no("unknown-reward", reward_id=told.data["reward_id"])
        quantity = told.data["quantity"]
        return self._shop_has_not(told, reward, quantity) or self._member_may_not(
            told, reward, quantity
        )

    def _shop_has_not(self, told: Telling, reward: Reward, quantity: int) -> Answer | None:
        first, end = reward.on_sale_from, reward.on_sale_until
        if (first and told.happened < first) or (end and told.happened >= end):
            return _no("not-on-sale", **{"from": first, "until": end})
        left = reward.stock - self.taken(reward.id)
        if quantity > left:
            return _no("out-of-stock", left=left, asked=quantity)
        day = self.rules.day(told.now)
        used = sum(one.quantity for one in self._standing(reward.id) if one.day == day)
        if reward.daily_limit is not None and used + quantity > reward.daily_limit:
            tomorrow = self._midnight(day + timedelta(days=1))
            return _limit("daily-limit", reward.daily_limit, used, quantity, tomorrow)
        return None

    def _member_may_not(self, told: Telling, reward: Reward, quantity: int) -> Answer | None:
        if reward.tiers:
            return _no("tier-required", tiers=list(reward.tiers), has=None)
        day = self.rules.day(told.now)
        own = [one for one in self._standing(reward.id) if one.member == told.member]
        used = sum(
            one.quantity for one in own if (one.day.year, one.day.month) == (day.year, day.month)
        )
        if reward.monthly_limit is not None and used + quantity > reward.monthly_limit:
            next_month = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
            resets_at = self._midnight(next_month)
            return _limit("member-monthly-limit", reward.monthly_limit, used, quantity, resets_at)
        held = [one for one in self.redemptions.values() if one.held and one.member == told.member]
        if len(held) >= self.most_open and not told.data["confirm"]:
            return _no("too-many-open", limit=self.most_open, open=len(held))
        return self._too_dear(told.member, reward.points * quantity, day)

    def _too_dear(self, member: str, points: int, day: date) -> Answer | None:
        if points > MOST_POINTS:
            return _no("too-many-points", needs=points, at_most=MOST_POINTS)
        account = self.account_of(member)
        spendable = account.spendable(day)
        if points > spendable:
            return _no("insufficient-points", needs=points, has=spendable, owes=account.debt)
        return None

    # What becomes of it

    def _confirm(self, told: Telling, redemption: Redemption) -> None:
        """The second consent. A reservation whose time is over has been released just before."""
        if redemption.held:
            self._move(redemption, "to-ship")
        elif redemption.reason == "reservation-expired":
            self._refuse(told, redemption, "reservation-expired", reserved_until=redemption.until)
            return
        elif not redemption.stands:
            self._refuse(told, redemption, "redemption-cancelled")
            return
        self._answer(told, Answer(status=redemption.status))

    def _cancel(self, told: Telling, redemption: Redemption) -> None:
        """As long as nothing was sent, everything goes back; what was cancelled stays so."""
        if redemption.status in {"shipped", "completed"}:
            self._refuse(told, redemption, "already-shipped")
            return
        balance = None
        if redemption.stands:
            self._give_up(redemption, "by-request", told.now)
            balance = self.account_of(told.member).balance
        self._answer(told, Answer(status=redemption.status, balance=balance))

    def _ship(self, told: Telling, redemption: Redemption) -> None:
        """A parcel that is there was sent, whichever of the two is told first."""
        if redemption.held:
            self._waiting[told.member, told.id].append(told.event)
            return
        if not redemption.stands:
            self.dead.append((told.event, "redemption-cancelled"))
            return
        if told.verb == "deliver" and redemption.status != "completed":
            self._move(redemption, "completed")
        elif redemption.status == "to-ship":
            self._move(redemption, "shipped")
        self._answer(told, Answer(status=redemption.status))

    def _give_up(self, redemption: Redemption, why: str, now: datetime) -> None:
        """Stock and limits are free again; the points go back to where they came from."""
        account, cause = self.account_of(redemption.member), f"redemption/{redemption.id}/return"
        account.give_back(redemption.lots, cause=cause, today=self.rules.day(now))
        self._move(redemption, "cancelled", why)

    def _move(self, redemption: Redemption, status: Status, why: str = "") -> None:
        redemption.status, redemption.reason = status, why
        redemption.version += 1
        self._announce(redemption)

    def _announce(self, redemption: Redemption) -> None:
        """Every status is an event."""
        told = (redemption.status, redemption.id, redemption.version, redemption.reason)
        self.events.append(told)

    def _wake(self, member: str, redemption: str, now: datetime) -> None:
        """What waited for another status looks again; it may have to go on waiting."""
        for event in self._waiting.pop((member, redemption), []):
            self.tell(event, now)

    def _answer(self, told: Telling, answer: Answer) -> None:
        self._heard[told.member, told.cause] = told.substance
        self.answers[told.member, told.cause] = answer

    def _refuse(self, told: Telling, redemption: Redemption, why: str, **figures: object) -> None:
        self._answer(told, Answer(status=redemption.status, reason=why, figures=figures))

    def _standing(self, reward: str) -> list[Redemption]:
        return [one for one in self.redemptions.values() if one.stands and one.reward.id == reward]

    def _midnight(self, day: date) -> datetime:
        """The moment at which a day begins where the shop is."""
        return datetime.combine(day, time.min, ZoneInfo(self.rules.zone)).astimezone(UTC)


def _no(reason: str, **figures: object) -> Answer:
    return Answer(status="rejected", reason=reason, figures=figures)


def _limit(reason: str, limit: int, used: int, asked: int, resets_at: datetime) -> Answer:
    return _no(reason, limit=limit, used=used, asked=asked, resets_at=resets_at)
