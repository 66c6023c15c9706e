"""A counter: redeem's fold over state that stays in memory, fed with events as from Kafka."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from services.redeem.domain import causes
from services.redeem.domain.answer import Answer, to_json
from services.redeem.domain.desk import Desk, Shelf, StatusEvent, Stock
from services.redeem.domain.limits import Policy
from services.redeem.domain.overdue import ReservationOver
from services.redeem.handlers import Redeem, answer_of, cause_of, wakes_of
from shared.contract.codec import Event, Record, decode
from shared.ledger.book import Book
from shared.ledger.entries import Cause, LotMove, MemberId, Telling
from shared.pipeline.command import Command, Item, Moment
from shared.pipeline.fold import Waiting, fold, in_time
from shared.pipeline.moment import moment_at
from shared.program.load import default_program
from shared.program.revisions import BEGINNING, Revision, Revisions
from shared.rewards.models import Goods, Window
from tests.support.model import Account, Reward, encode, topic_of
from tests.unit.ledger.lives import new_book

PROGRAM = Revisions([Revision(number=1, effective_at=BEGINNING, program=default_program())])
GIFT = Cause("gift")


@dataclass(slots=True, kw_only=True)
class Counter:
    """Books and a desk that are never stored: what redeem would load again is still there."""

    books: dict[MemberId, Book]
    desk: Desk
    policy: Policy = field(default_factory=Policy)
    waiting: list[Waiting] = field(default_factory=list)
    dead: list[tuple[str, str, str]] = field(default_factory=list)
    told: int = 0
    commands: dict[tuple[str, str], Command] = field(default_factory=dict)

    def tell(self, events: Sequence[dict[str, Any]], now: datetime) -> None:
        """Decide events as one batch."""
        redeem = self._redeem()
        self._decide(redeem, [self._understand(redeem, event) for event in events], now)

    def release(self, now: datetime) -> None:
        """Release what is due, as the loop would: it asks about one reservation of each member."""
        redeem = self._redeem()
        firsts = {
            one.member_id: one
            for one in self.desk.redemptions.values()
            if one.is_held and one.reserved_until <= now
        }
        told = [
            ReservationOver(member_id=one.member_id, redemption_id=one.redemption_id, at=now)
            for one in firsts.values()
        ]
        self._decide(redeem, [_called(data, self._number()) for data in told], now)

    def _redeem(self) -> Redeem:
        return Redeem(zone=PROGRAM.zone, policy=self.policy)

    def _decide(self, redeem: Redeem, told: Sequence[Item], now: datetime) -> None:
        self.desk.released.clear()
        moment, items = moment_at(now, PROGRAM), in_time(told, now)
        awaited = {name for one in items if isinstance(one, Command) for name in one.may_wake}
        woken = [one for one in self.waiting if one.awaits in awaited]
        folded = fold(
            items, domain=redeem, books=self.books, state=self.desk, moment=moment, waiting=woken
        )
        self.waiting = [one for one in self.waiting if one.parked_id not in folded.unparked] + [
            Waiting(awaits=one.awaits, item=one.item, parked_id=self._number())
            for one in folded.parked
        ]
        self.dead += [(*_named(one.record), one.reason) for one in folded.dead]

    def settle(self, now: datetime) -> None:
        for book in self.books.values():
            book.settle(moment_at(now, PROGRAM).today)

    def waits(self) -> list[tuple[str, str]]:
        """Name what waits by type and redemption."""
        return sorted([_named(one.item.record) for one in self.waiting if one.item.record])

    def answer(self, member: str, cause: str) -> Answer:
        answer = answer_of(self.commands[member, cause], self.desk)
        assert isinstance(answer, dict)
        return Answer.model_validate_json(to_json(answer))

    def answered(self) -> set[tuple[str, str]]:
        """Name the commands that have an answer: those kept with it, and accepted requests."""
        accepted = {(member, causes.reserved(name)) for member, name in self.desk.redemptions}
        assert accepted.isdisjoint(self.desk.kept)
        return accepted | self.desk.kept.keys()

    def statuses(self) -> list[tuple[str, str, int, str]]:
        return [_status(one) for one in self.desk.events]

    def _understand(self, redeem: Redeem, event: dict[str, Any]) -> Item:
        number = self._number()
        key, value, headers = encode(event["type"], event["data"], f"e{number}")
        record = Record(
            topic=topic_of(event["type"]),
            partition=0,
            offset=number,
            timestamp_ms=0,
            key=key,
            value=value,
            headers=tuple(headers),
        )
        command = redeem.command(decode(record), record)
        self.commands.setdefault((command.member_id, command.cause), command)
        return command

    def _number(self) -> int:
        self.told += 1
        return self.told


def counter(
    accounts: dict[str, Account], rewards: Sequence[Reward], begin: datetime, **more: Any
) -> Counter:
    """Open a counter for members who have what the accounts have."""
    moment = moment_at(begin, PROGRAM)
    books = {MemberId(name): book_of(name, account, moment) for name, account in accounts.items()}
    shelves = {one.id: shelf_of(one) for one in rewards}
    return Counter(books=books, desk=Desk(shelves=shelves), **more)


def book_of(name: str, account: Account, moment: Moment) -> Book:
    book = new_book(name)
    parts = [LotMove(day, lot.points) for day, lot in account.lots.items() if lot.points]
    telling = Telling(GIFT, bytes(32), moment.today.now, 1)
    if parts:
        book.credit(telling, "earned", parts, {}, moment.today)
    return book


def shelf_of(reward: Reward) -> Shelf:
    stock = Stock(total=reward.stock, reserved=0, sold=0, day=date(1, 1, 1), day_used=0)
    return Shelf(reward=offer_of(reward), revision=1, stock=stock)


def offer_of(reward: Reward) -> Goods:
    window = Window.model_validate(
        {"from": _text(reward.on_sale_from), "until": _text(reward.on_sale_until)}
    )
    return Goods(
        id=reward.id,
        kind="goods",
        title=reward.id,
        points=reward.points,
        stock=reward.stock,
        daily_limit=reward.daily_limit,
        monthly_limit=reward.monthly_limit,
        on_sale=window if reward.on_sale_from or reward.on_sale_until else Window(),
        tiers=reward.tiers,
    )


def request_cause(name: str) -> str:
    return causes.reserved(name)


def spelt(figures: object) -> object:
    """The figures of the model as JSON has them."""
    if isinstance(figures, dict):
        return {name: spelt(value) for name, value in figures.items()}
    return _text(figures) if isinstance(figures, datetime) else figures


def _called(data: ReservationOver, ticket: int) -> Command:
    return Command(
        cause=cause_of(data),
        member_id=MemberId(data.member_id),
        fingerprint=bytes(32),
        event=Event(id="", source="/test", data=data),
        record=None,
        ticket=ticket,
        wakes=wakes_of(data),
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _status(event: StatusEvent) -> tuple[str, str, int, str]:
    return event.status, event.redemption_id, event.version, event.reason or ""


def _named(record: Record | None) -> tuple[str, str]:
    assert record is not None, "the counter has no callers"
    event = decode(record)
    data: Any = event.data
    return event.type, data.redemption_id
