"""What an order earns: one rounding per order, and an explanation that adds up."""

import json
from datetime import date
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.earn.domain.award import AwardState
from services.earn.domain.purchase import award, award_order, points_for
from shared.program.models import Purchase, Rate
from tests.unit.earn.programs import DEFAULT, PURCHASES

DAY = date(2024, 1, 15)


def test_an_order_earns_one_point_per_yuan_rounded_once() -> None:
    lines = [("a", 1_250), ("b", 2_775)]  # by line it would be 12 + 27
    gain, state = award_order(program=DEFAULT, revision=3, currency="CNY", lines=lines, day=DAY)
    assert gain.points == 40
    assert gain.explanation == {
        "rules": ["purchase"],
        "base_minor": 4_025,
        "currency": "CNY",
        "rate": [1, 100],
        "rounding": "down",
        "caps": [],
    }
    assert state == AwardState(
        lines=(("a", 1_250, 0), ("b", 2_775, 0)),
        currency="CNY",
        revision=3,
        awarded=40,
        taken_back=0,
        day=DAY,
    )


@pytest.mark.parametrize(
    ("rounding", "points"),
    [("down", (0, 0, 0, 1, 1, 2)), ("half-up", (0, 0, 1, 1, 2, 2)), ("up", (0, 1, 1, 1, 2, 2))],
)
def test_rounding(rounding: str, points: tuple[int, ...]) -> None:
    rate = Rate(points=1, per_minor=100)
    purchase = Purchase.model_validate({"rounding": rounding, "currencies": {"CNY": rate}})
    paid = (0, 49, 50, 100, 150, 200)
    assert tuple(points_for(purchase, "CNY", minor) for minor in paid) == points


@given(PURCHASES, st.integers(0, 10**12))
def test_points_are_the_exact_fraction_rounded(purchase: Purchase, base: int) -> None:
    rate = purchase.currencies["CNY"]
    exact = Fraction(base * rate.points, rate.per_minor)
    rounded = {"down": floor(exact), "half-up": floor(exact + Fraction(1, 2)), "up": ceil(exact)}
    points = min(rounded[purchase.rounding], 10**9)
    assert points_for(purchase, "CNY", base) == points
    assert award(purchase, "CNY", base).points == points


@given(PURCHASES, st.integers(0, 10**12), st.integers(0, 10**6))
def test_more_money_never_earns_less(purchase: Purchase, base: int, more: int) -> None:
    assert points_for(purchase, "CNY", base) <= points_for(purchase, "CNY", base + more)


@given(PURCHASES, st.integers(0, 10**12), st.sampled_from(["CNY", "XAF"]))
def test_an_explanation_is_json_and_says_why_nothing_came(
    purchase: Purchase, base: int, currency: str
) -> None:
    gain = award(purchase, currency, base)
    assert json.loads(json.dumps(gain.explanation)) == gain.explanation
    assert ("zero" in gain.explanation) == (gain.points == 0)


def test_a_currency_the_program_does_not_name_earns_nothing() -> None:
    lines = [("a", 5_000)]
    gain, state = award_order(program=DEFAULT, revision=1, currency="XAF", lines=lines, day=DAY)
    assert (gain.points, state.awarded) == (0, 0)
    assert gain.explanation["zero"] == "currency-not-in-program"


def test_less_than_a_point_is_nothing_and_says_so() -> None:
    assert award(DEFAULT.earn.purchase, "CNY", 99).explanation["zero"] == "below-one-point"


def test_an_entry_carries_no_more_points_than_the_wire_allows() -> None:
    gain = award(DEFAULT.earn.purchase, "CNY", 10**12)
    assert gain.points == 10**9
    assert gain.explanation["caps"] == [
        {"cap": "points-of-one-entry", "limit": 10**9, "asked": 10**10}
    ]
