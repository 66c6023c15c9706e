"""Made-up lives of one account, lived by a book and by the specification's account at once."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Literal, get_args

import pytest
from hypothesis import strategies as st

from shared.ledger.book import Book, InsufficientPointsError, Today
from shared.ledger.entries import Cause, LotMove, MemberId, Telling
from shared.ledger.hash import genesis
from shared.ledger.lots import Lots
from tests.support.model import NEVER, Account, NotEnoughError
from tests.support.model.account import Part, Policy

START = date(2024, 1, 1)
BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
Act = Literal["credit", "spend", "give back", "take back", "take anyway", "sweep", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """So many days pass, then something happens."""

    days: int
    act: Act
    points: int
    due_in: tuple[int | None, ...]  # days until each part of a credit is due; negative: overdue
    policy: Policy
    pick: int  # which of the awards or spendings, where there are several


steps = st.builds(
    Step,
    days=st.sampled_from((0, 0, 0, 1, 5)),
    act=st.sampled_from(get_args(Act)),
    points=st.integers(0, 60),
    due_in=st.lists(
        st.sampled_from((-3, 0, 1, 4, 9, None)), min_size=1, max_size=3, unique=True
    ).map(tuple),
    policy=st.sampled_from(get_args(Policy)),
    pick=st.integers(0, 9),
)
lives = st.lists(steps, max_size=25)


@dataclass(slots=True, kw_only=True)
class Life:
    """The specification's account, and what can still be undone: awards and spendings."""

    today: date = START
    account: Account = field(default_factory=Account)
    awards: list[Part] = field(default_factory=list)
    spendings: list[list[Part]] = field(default_factory=list)
    acts: int = 0

    def live(self, book: Book, step: Step) -> None:
        """Do the same to the book and to the account."""
        self.today += timedelta(days=step.days)
        self.acts += 1
        told = telling(f"act/{self.acts}", self.today)
        book.settle(at(self.today))
        self.account.expire(self.today)
        match step.act:
            case "credit":
                self.credit(book, step, told)
            case "spend":
                self.spend(book, step.points, told)
            case "give back" if self.spendings:
                self.give_back(book, step.pick, told)
            case "take back" if self.awards:
                self.take_back(book, step, told)
            case "take anyway":
                book.debit(told, "adjusted", step.points, {}, at(self.today), may_owe=True)
                self.account.take_anyway(step.points, cause=told.cause, today=self.today)
            case "note":
                book.note(told, "earned", {"why": "capped"}, at(self.today))
                self.account.credit([], cause=told.cause, today=self.today, why="capped")
            case _:
                pass

    def credit(self, book: Book, step: Step, told: Telling) -> None:
        parts = [(self.due(days), step.points) for days in step.due_in]
        self.awards += parts
        book.credit(told, "earned", moves(parts), {"rule": "gift"}, at(self.today))
        self.account.credit(parts, cause=told.cause, today=self.today)

    def due(self, days: int | None) -> date:
        return NEVER if days is None else self.today + timedelta(days=days)

    def spend(self, book: Book, points: int, told: Telling) -> None:
        try:
            spent = self.account.spend(points, cause=told.cause, today=self.today)
        except NotEnoughError:
            before = (book.balance, book.seq, book.head)
            with pytest.raises(InsufficientPointsError):
                book.debit(told, "redeemed", points, {}, at(self.today))
            assert (book.balance, book.seq, book.head) == before
            return
        undo = book.debit(told, "redeemed", points, {}, at(self.today))
        assert list(undo) == spent
        self.spendings.append(spent)

    def give_back(self, book: Book, pick: int, told: Telling) -> None:
        parts = self.spendings.pop(pick % len(self.spendings))
        book.credit(told, "returned", moves(parts), {}, at(self.today))
        self.account.give_back(parts, cause=told.cause, today=self.today)

    def take_back(self, book: Book, step: Step, told: Telling) -> None:
        """Never more than the award gave: that is the caller's part of the law."""
        day, left = self.awards.pop(step.pick % len(self.awards))
        points = min(step.points, left)
        self.awards.append((day, left - points))
        book.take_back(told, points, day, {}, at(self.today), shortfall=step.policy)
        self.account.take_back(day, points, step.policy, cause=told.cause, today=self.today)


def new_book(member: str = "ann") -> Book:
    member_id = MemberId(member)
    return Book(
        member_id=member_id,
        balance=0,
        seq=0,
        head=genesis(member_id),
        posted_at=BEFORE,
        lots=Lots(),
    )


def at(day: date) -> Today:
    """Noon of that day; midnights are UTC's."""
    return Today(
        now=datetime.combine(day, time(12), UTC),
        day=day,
        revision=1,
        midnight_after=lambda day: datetime.combine(day + timedelta(days=1), time(), UTC),
    )


def telling(cause: str, day: date = START) -> Telling:
    return Telling(Cause(cause), sha256(cause.encode()).digest(), at(day).now, 1)


def moves(parts: list[Part]) -> list[LotMove]:
    return [LotMove(*part) for part in parts]
