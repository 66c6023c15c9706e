"""What a refund takes back: laws over every way to split one, and the words it leaves."""

from datetime import date
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.earn.domain.award import AwardState
from services.earn.domain.purchase import award_order
from services.earn.domain.refund import (
    MAX_EXPLAINED_LINES,
    RefundApplied,
    UnknownLine,
    refund_amount,
    refund_lines,
    spread,
)
from shared.program.models import Purchase
from tests.unit.earn.programs import DEFAULT, PURCHASES, with_purchase

Ask: TypeAlias = int | list[tuple[str, int]]

LINES = st.lists(st.integers(0, 5_000), min_size=1, max_size=5)
# By amount or by line; line numbers beyond the order's are taken modulo its length.
ASKS = st.lists(
    st.integers(0, 6_000)
    | st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4_000)), min_size=1, max_size=3),
    max_size=8,
)


def ordered(purchase: Purchase, *paid: int, currency: str = "CNY") -> AwardState:
    lines = [(f"L{n}", minor) for n, minor in enumerate(paid)]
    program = with_purchase(purchase)
    day = date(2024, 1, 15)
    return award_order(program=program, revision=1, currency=currency, lines=lines, day=day)[1]


def refund(purchase: Purchase, state: AwardState, ask: Ask) -> RefundApplied:
    if isinstance(ask, int):
        return refund_amount(purchase, state, ask)
    applied = refund_lines(purchase, state, ask)
    assert isinstance(applied, RefundApplied)
    return applied


def by_line(ask: int | list[tuple[int, int]], lines: int) -> Ask:
    if isinstance(ask, int):
        return ask
    return [(f"L{n % lines}", minor) for n, minor in ask]


DEFAULT_PURCHASE = DEFAULT.earn.purchase


@given(PURCHASES, LINES, ASKS)
def test_any_partial_refunds_and_the_rest_are_one_full_refund(
    purchase: Purchase, paid: list[int], asks: list[int | list[tuple[int, int]]]
) -> None:
    state = ordered(purchase, *paid)
    full = refund_amount(purchase, state, sum(paid))
    taken = 0
    for ask in asks:
        applied = refund(purchase, state, by_line(ask, len(paid)))
        assert applied.take_back >= 0
        taken += applied.take_back
        state = applied.state
        assert state.taken_back == taken <= state.awarded
    rest = refund_amount(purchase, state, state.left_minor)
    assert taken + rest.take_back == full.take_back
    assert rest.state == full.state
    assert rest.state.fully_refunded == (sum(paid) > 0)


@given(PURCHASES, LINES, st.data())
def test_the_order_of_refunds_does_not_matter(
    purchase: Purchase, paid: list[int], data: st.DataObject
) -> None:
    parts = [
        (f"L{n}", part)
        for n, minor in enumerate(paid)
        for part in data.draw(st.lists(st.integers(0, minor // 3), max_size=3))
    ]
    one = two = ordered(purchase, *paid)
    for part in parts:
        one = refund(purchase, one, [part]).state
    for part in data.draw(st.permutations(parts)):
        two = refund(purchase, two, [part]).state
    at_once = refund(purchase, ordered(purchase, *paid), parts).state
    assert one == two == at_once


@given(PURCHASES, LINES, st.data())
def test_by_amount_takes_what_the_same_money_by_line_takes(
    purchase: Purchase, paid: list[int], data: st.DataObject
) -> None:
    state = ordered(purchase, *paid)
    lines = [(f"L{n}", data.draw(st.integers(0, minor))) for n, minor in enumerate(paid)]
    amount = sum([minor for _, minor in lines])
    by_lines, by_amount = refund(purchase, state, lines), refund(purchase, state, amount)
    assert by_lines.take_back == by_amount.take_back
    assert by_lines.state.left_minor == by_amount.state.left_minor


@given(LINES, st.data())
def test_an_amount_is_spread_to_the_last_unit_and_in_proportion(
    paid: list[int], data: st.DataObject
) -> None:
    refunded = [data.draw(st.integers(0, minor)) for minor in paid]
    lines = tuple(
        (f"L{n}", minor, back) for n, (minor, back) in enumerate(zip(paid, refunded, strict=True))
    )
    total = sum(paid) - sum(refunded)
    amount = data.draw(st.integers(0, total))
    parts = spread(lines, amount)
    assert sum(parts.values()) == amount
    for line_id, minor, back in lines:
        left, part = minor - back, parts.get(line_id, 0)
        assert part <= left
        assert abs(part * total - amount * left) < total or total == 0


@given(PURCHASES, LINES, ASKS)
def test_one_refund_empties_the_order(
    purchase: Purchase, paid: list[int], asks: list[int | list[tuple[int, int]]]
) -> None:
    state = ordered(purchase, *paid)
    emptied = []
    for ask in [*asks, sum(paid), 1]:
        applied = refund(purchase, state, by_line(ask, len(paid)))
        emptied.append(applied.emptied)
        state = applied.state
    assert sum(emptied) == (sum(paid) > 0)


def test_the_rest_of_a_spread_goes_to_the_largest_fractions_then_the_earlier_line() -> None:
    assert spread((("a", 1, 0), ("b", 1, 0), ("c", 1, 0)), 2) == {"a": 1, "b": 1}
    assert spread((("a", 10, 0), ("b", 25, 5), ("c", 70, 0)), 7) == {"a": 1, "b": 1, "c": 5}
    assert spread((("a", 0, 0),), 0) == {}


def test_a_refund_says_what_was_asked_and_applied() -> None:
    state = ordered(DEFAULT_PURCHASE, 1_000, 500)
    applied = refund(DEFAULT_PURCHASE, state, [("L0", 400), ("L1", 700)])
    assert applied.take_back == 9
    assert applied.state.lines == (("L0", 1_000, 400), ("L1", 500, 500))
    assert applied.explanation == {
        "rules": ["refund"],
        "asked_minor": 1_100,
        "applied_minor": 900,
        "left_minor": 600,
        "currency": "CNY",
        "awarded": 15,
        "taken_back": 9,
        "award_revision": 1,
        "clamped": [["L1", 700, 500]],
        "clamped_lines": 1,
    }


def test_more_by_amount_than_is_left_is_clamped() -> None:
    state = ordered(DEFAULT_PURCHASE, 1_000)
    applied = refund(DEFAULT_PURCHASE, state, 10**12)
    assert (applied.take_back, applied.emptied) == (10, True)
    assert applied.explanation["asked_minor"] == 10**12
    assert applied.explanation["applied_minor"] == 1_000


@pytest.mark.parametrize(
    ("paid", "currency", "asks", "why"),
    [
        (1_000, "XAF", [500], "nothing-awarded"),
        (1_050, "CNY", [50], "below-one-point"),
        (1_000, "CNY", [1_000, 1], "nothing-left"),
    ],
)
def test_a_refund_that_takes_nothing_says_why(
    paid: int, currency: str, asks: list[int], why: str
) -> None:
    state = ordered(DEFAULT_PURCHASE, paid, currency=currency)
    *before, last = asks
    for ask in before:
        state = refund(DEFAULT_PURCHASE, state, ask).state
    applied = refund(DEFAULT_PURCHASE, state, last)
    assert (applied.take_back, applied.explanation["zero"]) == (0, why)


def test_an_unknown_line_is_told_and_changes_nothing() -> None:
    state = ordered(DEFAULT_PURCHASE, 1_000)
    told = refund_lines(DEFAULT_PURCHASE, state, [("L0", 1), ("L7", 1)])
    assert told == UnknownLine(line_id="L7")


def test_an_order_that_cost_nothing_was_never_refunded() -> None:
    state = ordered(DEFAULT_PURCHASE, 0, 0)
    applied = refund(DEFAULT_PURCHASE, state, 100)
    assert not applied.emptied
    assert not applied.state.fully_refunded


def test_an_explanation_stays_small_however_many_lines_are_clamped() -> None:
    state = ordered(DEFAULT_PURCHASE, *[100] * 1_000)
    asks = [(line_id, 200) for line_id, _, _ in state.lines]
    explanation = refund(DEFAULT_PURCHASE, state, asks).explanation
    assert explanation["clamped_lines"] == 1_000
    assert explanation["clamped"] == [[f"L{n}", 200, 100] for n in range(MAX_EXPLAINED_LINES)]


def test_a_capped_award_gives_back_no_more_than_it_was() -> None:
    state = ordered(DEFAULT_PURCHASE, 10**12)
    half = refund(DEFAULT_PURCHASE, state, 10**12 // 2)
    assert half.take_back == 0  # what is left still earns the most there is
    rest = refund(DEFAULT_PURCHASE, half.state, 10**12 // 2)
    assert rest.take_back == state.awarded == 10**9
