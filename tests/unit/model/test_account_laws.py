"""The laws of one account, whatever happens to it and in whatever order."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.model import NEVER, Account, Lot, NotEnoughError
from tests.support.model.account import Part, Policy

START = date(2024, 1, 1)
Act = Literal["credit", "spend", "give back", "take back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """So many days pass, perhaps the sweep comes, then something happens."""

    days: int
    sweep: bool
    act: Act
    points: int
    due_in: list[int | None]  # days until each part of a credit is due; negative: overdue


steps = st.builds(
    Step,
    days=st.sampled_from((0, 0, 0, 1, 5)),
    sweep=st.booleans(),
    act=st.sampled_from(get_args(Act)),
    points=st.integers(0, 60),
    due_in=st.lists(st.sampled_from((-3, 0, 1, 4, 9, None)), min_size=1, max_size=3, unique=True),
)
lives = st.lists(steps, max_size=25)
policies = st.sampled_from(get_args(Policy))


@dataclass(slots=True, kw_only=True)
class Life:
    """An account and what can still be undone: awards of one part, and spendings."""

    policy: Policy
    today: date = START
    account: Account = field(default_factory=Account)
    awards: list[Part] = field(default_factory=list)
    spendings: list[list[Part]] = field(default_factory=list)
    acts: int = 0

    def live(self, step: Step) -> None:
        self.today += timedelta(days=step.days)
        if step.sweep:
            self.account.expire(self.today)
        self.acts += 1
        cause = f"act/{self.acts}"
        match step.act:
            case "credit":
                self.credit(step, cause)
            case "spend" if step.points <= self.account.spendable(self.today):
                parts = self.account.spend(step.points, cause=cause, today=self.today)
                self.spendings.append(parts)
            case "give back" if self.spendings:
                parts = self.spendings.pop(step.points % len(self.spendings))
                self.account.give_back(parts, cause=cause, today=self.today)
            case "take back" if self.awards:
                self.take_back(step, cause)
            case _:
                pass

    def credit(self, step: Step, cause: str) -> None:
        dates = [NEVER if n is None else self.today + timedelta(days=n) for n in step.due_in]
        parts = [(day, step.points) for day in dates]
        self.awards += parts
        self.account.credit(parts, cause=cause, today=self.today)

    def take_back(self, step: Step, cause: str) -> None:
        """Never more than the award gave: that is the caller's part of the law."""
        day, left = self.awards.pop(step.points % len(self.awards))
        points = min(step.points, left)
        self.awards.append((day, left - points))
        self.account.take_back(day, points, self.policy, cause=cause, today=self.today)


def lived(life: Iterable[Step], policy: Policy, *, sweep: bool | None = None) -> Life:
    one = Life(policy=policy)
    for step in life:
        one.live(step)
        if sweep:
            one.account.expire(one.today)
        check(one)
    return one


def check(life: Life) -> None:
    account = life.account
    assert account.balance == sum(entry.points for entry in account.entries)
    assert account.balance == sum(lot.points for lot in account.lots.values()) - account.debt
    assert not account.debt or not any(lot.points for lot in account.lots.values())
    assert life.policy == "debt" or not account.debt
    assert all(lot.points >= 0 for lot in account.lots.values())
    assert all(0 <= lot.forgiven <= lot.expired for lot in account.lots.values())
    causes = [entry.cause for entry in account.entries]
    assert len(set(causes)) == len(causes)


@given(lives, policies)
def test_the_books_balance_after_every_step(life: list[Step], policy: Policy) -> None:
    lived(life, policy)


@given(lives, policies)
def test_each_entry_states_the_balance_after_it(life: list[Step], policy: Policy) -> None:
    balance = 0
    for entry in lived(life, policy).account.entries:
        balance += entry.points
        assert entry.balance == balance


@given(lives, policies)
def test_the_entries_alone_give_the_lots(life: list[Step], policy: Policy) -> None:
    account = lived(life, policy).account
    points: Counter[date] = Counter()
    expired: Counter[date] = Counter()
    times: Counter[date] = Counter()
    for entry in account.entries:
        for day, moved in entry.lots:
            points[day] += moved
            expired[day] -= moved if entry.kind == "expired" else 0
            times[day] += entry.kind == "expired"
    assert {day: (points[day], expired[day], times[day]) for day in account.lots} == {
        day: (lot.points, lot.expired, lot.times_expired) for day, lot in account.lots.items()
    }
    assert points.keys() <= account.lots.keys()


@given(lives, policies)
def test_kinds_keep_their_sign(life: list[Step], policy: Policy) -> None:
    for entry in lived(life, policy).account.entries:
        gives = entry.kind in {"earned", "returned"}
        assert entry.points >= 0 if gives else entry.points <= 0


@given(lives, policies)
def test_nothing_overdue_stays_open_after_a_command(life: list[Step], policy: Policy) -> None:
    one = lived(life, policy, sweep=True)
    assert all(day >= one.today or not lot.points for day, lot in one.account.lots.items())
    assert one.account.spendable(one.today) == max(0, one.account.balance)


@given(lives, policies)
def test_any_schedule_of_sweeps_leads_to_the_same_ledger(life: list[Step], policy: Policy) -> None:
    with_sweeps, every_time = lived(life, policy), lived(life, policy, sweep=True)
    with_sweeps.account.expire(with_sweeps.today)
    every_time.account.expire(every_time.today)
    assert with_sweeps.account == every_time.account


@given(lives, st.integers(0, 200))
def test_spending_undone_at_once_changes_nothing(life: list[Step], points: int) -> None:
    one = lived(life, "debt", sweep=True)
    account, before = one.account, dict(one.account.lots)
    if points <= account.spendable(one.today):
        held = {day: lot.points for day, lot in before.items()}
        parts = account.spend(points, cause="spend", today=one.today)
        account.give_back(parts, cause="undo", today=one.today)
        assert {day: lot.points for day, lot in account.lots.items()} == held


def test_spending_takes_the_earliest_date_first() -> None:
    account = Account()
    parts = [(NEVER, 5), (date(2024, 3, 31), 5), (date(2024, 2, 29), 5)]
    account.credit(parts, cause="c", today=START)
    spent = account.spend(7, cause="s", today=START)
    assert spent == [(date(2024, 2, 29), 5), (date(2024, 3, 31), 2)]


def test_a_lot_past_its_date_is_unspendable_even_if_the_sweep_is_late() -> None:
    account = Account()
    account.credit([(date(2024, 1, 31), 10)], cause="c", today=START)
    assert account.spendable(date(2024, 1, 31)) == 10
    with pytest.raises(NotEnoughError, match="needs 1 points, has 0"):
        account.spend(1, cause="s", today=date(2024, 2, 1))


def test_a_refused_spending_leaves_no_entry() -> None:
    account = Account()
    account.credit([(NEVER, 10)], cause="c", today=START)
    with pytest.raises(NotEnoughError):
        account.spend(11, cause="s", today=START)
    assert [entry.cause for entry in account.entries] == ["c"]


def test_points_that_come_back_repay_debt_from_their_earliest_part() -> None:
    account = Account()
    soon, later = date(2024, 2, 29), date(2024, 12, 31)
    account.credit([(soon, 10), (later, 10)], cause="c", today=START)
    parts = account.spend(20, cause="s", today=START)
    account.take_back(soon, 10, "debt", cause="t", today=START)
    account.give_back(parts, cause="g", today=START)
    assert account.balance == 10
    assert account.entries[-1].lots == ((later, 10),)
    assert account.lots[soon] == Lot()


def test_taking_back_goes_home_first_then_to_the_earliest() -> None:
    account = Account()
    soon, home, never = date(2024, 2, 29), date(2024, 3, 31), NEVER
    account.credit([(soon, 4), (home, 4), (never, 4)], cause="c", today=START)
    account.take_back(home, 9, "debt", cause="t", today=START)
    assert account.entries[-1].lots == ((home, -4), (soon, -4), (never, -1))


def test_expiry_covers_a_later_refund_only_once() -> None:
    account = Account()
    past = date(2024, 1, 31)
    account.credit([(past, 10)], cause="c", today=START)
    account.credit([(NEVER, 10)], cause="d", today=date(2024, 2, 1))
    account.take_back(past, 6, "debt", cause="t1", today=date(2024, 2, 1))
    account.take_back(past, 6, "debt", cause="t2", today=date(2024, 2, 1))
    assert account.lots[past] == Lot(expired=10, forgiven=10, times_expired=1)
    assert account.balance == 8
