"""The book does what the specification's account does, and keeps the ledger's laws doing it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.book import Book
from shared.ledger.entries import LotMove
from shared.ledger.lots import AddOnlyLots, Lot, LotsNotLoadedError
from tests.unit.ledger.lives import START, Life, Step, at, lives, new_book, steps, telling


def lived(steps: Iterable[Step]) -> tuple[Book, Life]:
    book, life = new_book(), Life()
    for step in steps:
        life.live(book, step)
    return book, life


@given(lives)
def test_after_every_step_the_book_is_the_specifications(steps: list[Step]) -> None:
    book, life = new_book(), Life()
    for step in steps:
        life.live(book, step)
        assert book.balance == life.account.balance
        assert book.debt == life.account.debt
        assert as_told(book) == {
            day: (lot.points, lot.expired, lot.forgiven, lot.times_expired)
            for day, lot in life.account.lots.items()
            if lot.points or lot.expired
        }


@given(lives)
def test_the_lines_are_the_specifications(steps: list[Step]) -> None:
    book, life = lived(steps)
    assert [
        (line.telling.cause, line.kind, line.points, line.balance, line.moves)
        for line, _, _ in book.entries
    ] == [
        (entry.cause, entry.kind, entry.points, entry.balance, entry.lots)
        for entry in life.account.entries
    ]


@given(lives)
def test_nothing_is_made_or_lost(steps: list[Step]) -> None:
    book, _ = lived(steps)
    lines = [entry.line for entry in book.entries]
    moved: Counter[date] = Counter()
    for line in lines:
        for day, points in line.moves:
            moved[day] += points
    assert book.balance == sum(line.points for line in lines)
    assert book.balance == sum(lot.points for lot in book.lots.values()) - book.debt
    assert {day: lot.points for day, lot in book.lots.items()} == {
        day: moved[day] for day in book.lots
    }
    assert not book.debt or not book.lots.spendable()
    assert all(lot.points >= 0 for lot in book.lots.values())
    assert all(0 <= lot.forgiven <= lot.expired for lot in book.lots.values())


@given(lives)
def test_lines_follow_each_other(steps: list[Step]) -> None:
    book, _ = lived(steps)
    lines = [entry.line for entry in book.entries]
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert [line.posted_at for line in lines] == sorted(line.posted_at for line in lines)
    assert len({line.telling.cause for line in lines}) == len(lines)
    assert book.known.keys() == {line.telling.cause for line in lines}


@given(lives)
def test_settling_early_or_late_leads_to_the_same_account(steps: list[Step]) -> None:
    late, life = lived(steps)
    early, again = new_book(), Life()
    for step in steps:
        again.live(early, step)
        early.settle(at(again.today))
    late.settle(at(life.today))
    assert early.balance == late.balance
    assert early.lots == late.lots
    assert [entry.line[2:7] for entry in early.entries] == [
        entry.line[2:7] for entry in late.entries
    ]


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_earned_expired_and_refunded_is_nothing(points: int, refunded: int) -> None:
    book, day = new_book(), START
    book.credit(telling("earn"), "earned", [LotMove(day, points)], {}, at(day))
    later = day + timedelta(days=1)
    book.settle(at(later))
    back = min(points, refunded)
    book.take_back(telling("refund", later), back, day, {}, at(later))
    assert (book.balance, book.debt) == (0, 0)
    assert book.lots[day] == Lot(0, points, back, 1)
    assert book.forgiven.get(day, 0) == back


@given(lives, st.integers(1, 10**6))
def test_what_is_taken_anyway_becomes_a_debt_that_the_next_points_repay(
    steps: list[Step], missing: int
) -> None:
    book, life = lived(steps)
    today, owed = at(life.today), book.debt
    book.settle(today)
    there = max(0, book.balance)
    moves = book.debit(telling("fraud"), "adjusted", there + missing, {}, today, may_owe=True)
    assert (book.debt, book.lots.spendable()) == (owed + missing, 0)
    assert sum(points for _, points in moves) == there
    reason = orjson.loads(book.entries[-1].line.reason)
    assert reason == {"debt_added": missing}
    book.credit(telling("earn"), "earned", [LotMove(life.today, book.debt)], {}, today)
    assert (book.balance, book.lots.spendable()) == (0, 0)


@given(lives, steps)
def test_what_only_adds_posts_the_same_without_the_lots_to_come(
    before: list[Step], step: Step
) -> None:
    whole, life = lived(before)
    life.today += timedelta(days=step.days)
    today = at(life.today)
    partial = replace(whole, lots=AddOnlyLots(), known={}, entries=[], forgiven={})
    partial.lots.update((day, replace(lot)) for day, lot in whole.lots.items() if day < life.today)
    told = telling("one more", life.today)
    parts = [LotMove(life.due(days), step.points) for days in step.due_in]
    posted = len(whole.entries)
    for book in (whole, partial):
        book.credit(told, "earned", parts, {"rule": "gift"}, today)
        book.note(telling("nothing", life.today), "earned", {}, today)
    assert partial.entries == whole.entries[posted:]
    assert partial.balance == whole.balance


def test_nothing_is_taken_from_lots_that_were_not_loaded() -> None:
    book = replace(new_book(), lots=AddOnlyLots())
    book.credit(telling("earn"), "earned", [LotMove(START, 5)], {}, at(START))
    with pytest.raises(LotsNotLoadedError, match="expected all lots to take 3 points from"):
        book.debit(telling("spend"), "redeemed", 3, {}, at(START))
    with pytest.raises(LotsNotLoadedError, match="expected the lot of 2024-01-01 to cover 3"):
        book.take_back(telling("refund"), 3, START, {}, at(START))
    with pytest.raises(LotsNotLoadedError, match="expected all lots to count"):
        book.lots.spendable()
    assert [entry.line.points for entry in book.entries] == [5]


def as_told(book: Book) -> dict[date, tuple[int, int, int, int]]:
    return {
        day: (lot.points, lot.expired, lot.forgiven, lot.times_expired)
        for day, lot in book.lots.items()
        if lot.points or lot.expired
    }
