"""What can be spent, and what is announced: by the local day alone."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mall.domain.account import Account, Lot, account_on, announcements

TODAY = date(2026, 3, 31)


def account(*lots: Lot) -> Account:
    points = sum([lot.points for lot in lots])
    return account_on(
        TODAY, "Asia/Shanghai", balance=points, spendable=points, held=0, debt=0, lots=lots
    )


@given(st.lists(st.tuples(st.integers(-400, 400), st.integers(1, 1_000)), max_size=8))
def test_what_can_be_spent_is_the_sum_of_what_is_shown(told: list[tuple[int, int]]) -> None:
    lots = [Lot(expires_on=TODAY + timedelta(days=days), points=points) for days, points in told]
    found = account(*lots, Lot(expires_on=None, points=7))
    assert found.spendable == sum(lot.points for lot in found.lots)
    assert found.spendable == 7 + sum(points for days, points in told if days >= 0)


@pytest.mark.parametrize(
    ("days", "stage"),
    [(0, 1), (1, 1), (2, 7), (7, 7), (8, 30), (30, 30), (31, 90), (90, 90), (91, None), (-1, None)],
)
def test_a_lot_is_announced_by_the_nearest_stage(days: int, stage: int | None) -> None:
    day = TODAY + timedelta(days=days)
    told = announcements(account(Lot(expires_on=day, points=5), Lot(expires_on=None, points=9)))
    assert [(one.stage, one.expires_on, one.days_left, one.points) for one in told] == (
        [] if stage is None else [(stage, day, days, 5)]
    )
