"""What is in the way of having a reward, with what is left of its limits."""

from dataclasses import replace
from datetime import UTC, date, datetime

from services.mall.domain.catalogue import Reward, counting_day, daily_limit, prospect_of

ZONE = "Asia/Shanghai"
DAY = date(2026, 12, 31)
MUG = Reward(
    reward_id="mug",
    position=0,
    kind="goods",
    title="Mug",
    points=1_000,
    stock_left=3,
    daily=None,
    monthly_limit=None,
    on_sale_from=None,
    on_sale_until=None,
    tiers=(),
    counts_on=DAY,
)


def test_points_are_enough_or_say_what_is_missing() -> None:
    enough = prospect_of(MUG, spendable=1_000, used={}, zone=ZONE)
    assert (enough.affordable, enough.missing, enough.obstacles) == (True, 0, ())
    short = prospect_of(MUG, spendable=999, used={}, zone=ZONE)
    assert (short.affordable, short.missing) == (False, 1)
    assert short.obstacles == ("insufficient-points",)


def test_a_months_limit_is_the_members_own_and_ends_with_the_local_month() -> None:
    limited = replace(MUG, monthly_limit=2)
    used = {("mug", date(2026, 12, 1)): 2, ("mug", date(2026, 11, 1)): 9, ("cup", DAY): 9}
    found = prospect_of(limited, spendable=5_000, used=used, zone=ZONE)
    assert found.monthly is not None
    assert (found.monthly.limit, found.monthly.left) == (2, 0)
    assert found.monthly.resets_at == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert found.obstacles == ("member-monthly-limit",)


def test_all_that_stands_in_the_way_is_told() -> None:
    daily = daily_limit(5, used=6, day=DAY, zone=ZONE)
    assert daily is not None
    assert (daily.left, daily.resets_at) == (0, datetime(2026, 12, 31, 16, tzinfo=UTC))
    gone = replace(MUG, stock_left=0, daily=daily, tiers=("gold",))
    assert prospect_of(gone, spendable=0, used={}, zone=ZONE).obstacles == (
        "out-of-stock",
        "daily-limit",
        "tier-required",
        "insufficient-points",
    )


def test_a_day_that_the_stock_has_seen_never_comes_again() -> None:
    assert counting_day(DAY, date(2027, 1, 1)) == date(2027, 1, 1)
    assert counting_day(DAY, date(1, 1, 1)) == DAY
