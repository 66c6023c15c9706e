"""The rules' arithmetic: rounding, dates, and spreading an amount to the last minor unit."""

from datetime import date
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.model import NEVER, FixedDate, MonthBatch, Never, Rolling, Rules
from tests.support.model.orders import spread
from tests.unit.model.told import on

Rounding = Literal["down", "half-up", "up"]
lines = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 999), min_size=1)


@pytest.mark.parametrize(
    ("minor", "down", "half_up", "up"),
    [(0, 0, 0, 0), (1, 0, 0, 1), (49, 0, 0, 1), (50, 0, 1, 1), (100, 1, 1, 1), (199, 1, 2, 2)],
)
def test_rounding(minor: int, down: int, half_up: int, up: int) -> None:
    points = [Rules(rounding=how).purchase("CNY", minor) for how in get_args(Rounding)]
    assert points == [down, half_up, up]


def test_a_rate_is_a_fraction_of_integers() -> None:
    rules = Rules(currencies={"JPY": (3, 50)})
    assert rules.purchase("JPY", 10_000) == 600
    assert rules.purchase("JPY", 16) == 0
    assert rules.purchase("JPY", 17) == 1


def test_no_order_is_worth_more_than_one_entry_can_carry() -> None:
    assert Rules().purchase("CNY", 10**11) == Rules().purchase("CNY", 10**12) == 10**9


@pytest.mark.parametrize(
    ("policy", "earned", "last_day"),
    [
        (Never(), "2024-01-15", NEVER),
        (MonthBatch(), "2024-01-01", on("2025-01-31")),
        (MonthBatch(), "2024-01-31", on("2025-01-31")),
        (MonthBatch(), "2024-02-29", on("2025-02-28")),
        (MonthBatch(after_months=1), "2024-12-01", on("2025-01-31")),
        (MonthBatch(after_months=0), "2024-02-01", on("2024-02-29")),
        (Rolling(), "2024-01-15", on("2026-01-15")),
        (Rolling(), "2024-02-29", on("2026-02-28")),
        (Rolling(years=4), "2024-02-29", on("2028-02-29")),
        (FixedDate(), "2024-10-02", on("2024-12-31")),
        (FixedDate(), "2024-10-03", on("2025-12-31")),
        (FixedDate(at_least_days=0), "2024-12-31", on("2024-12-31")),
        (FixedDate(at_least_days=366), "2024-01-01", on("2025-12-31")),
        (FixedDate(month=2, day=29, at_least_days=1), "2024-02-29", on("2025-02-28")),
    ],
)
def test_the_last_day(
    policy: Never | FixedDate | MonthBatch | Rolling, earned: str, last_day: date
) -> None:
    assert policy.expires_on(on(earned)) == last_day


def test_spreading_gives_the_odd_units_to_those_who_lost_most() -> None:
    assert spread(100, {"a": 333, "b": 333, "c": 334}) == {"a": 33, "b": 33, "c": 34}
    assert spread(2, {"a": 333, "b": 333, "c": 333}) == {"a": 1, "b": 1, "c": 0}
    assert spread(0, {"a": 0}) == {"a": 0}


@given(lines, st.data())
def test_spreading_loses_nothing_and_overdraws_no_line(
    left: dict[str, int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(left.values())))
    shares = spread(amount, left)
    assert sum(shares.values()) == amount
    assert all(0 <= shares[line] <= left[line] for line in left)
