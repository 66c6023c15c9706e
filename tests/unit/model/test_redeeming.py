"""Redeeming, one small story each."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.support.model import NEVER, Account, Reward, Rules, Shop, StockError
from tests.support.model.errands import about, request
from tests.support.model.world import Event
from tests.unit.model.told import line_points, noon, on

NOW = noon("2024-03-10")
MUG = Reward(id="mug", points=1_000, stock=5)


def shop(*rewards: Reward, points: int = 10_000, most_open: int = 3) -> tuple[Shop, Account]:
    account = Account()
    account.credit([(NEVER, points)], cause="c", today=on("2024-01-01"))
    return Shop(Rules(), lambda _: account, rewards or (MUG,), most_open=most_open), account


def confirm(name: str = "r1", at: datetime = NOW) -> Event:
    return about("redemption.confirmed.v1", "ann", name, at)


def cancel(name: str = "r1", at: datetime = NOW) -> Event:
    return about("redemption.cancelled.v1", "ann", name, at)


def sent(name: str = "r1", at: datetime = NOW) -> Event:
    return about("shipment.sent.v1", "ann", name, at)


def delivered(name: str = "r1", at: datetime = NOW) -> Event:
    return about("shipment.delivered.v1", "ann", name, at)


def ask(
    one: Shop, name: str = "r1", at: datetime = NOW, *, quantity: int = 1, confirm: bool = False
) -> tuple[str, object]:
    one.tell(request("ann", name, at, quantity=quantity, confirm=confirm), at)
    answer = one.answers["ann", f"redemption/{name}/reserve"]
    return answer.reason, dict(answer.figures)


def statuses(one: Shop) -> list[tuple[str, int, str]]:
    return [(status, version, reason) for status, _, version, reason in one.events]


def test_three_steps_and_a_parcel() -> None:
    one, account = shop()
    ask(one)
    assert account.balance == 9_000
    for event in (confirm(), sent(), delivered()):
        one.tell(event, NOW)
    assert statuses(one) == [
        ("reserved", 1, ""),
        ("to-ship", 2, ""),
        ("shipped", 3, ""),
        ("completed", 4, ""),
    ]
    assert (account.balance, one.taken("mug")) == (9_000, 1)


def test_a_reservation_that_nobody_confirms_is_released_once() -> None:
    one, account = shop()
    ask(one)
    late = NOW + timedelta(minutes=15)
    one.release(late - timedelta(microseconds=1))
    assert one.taken("mug") == 1
    one.release(late)
    one.release(late)
    assert (account.balance, one.taken("mug")) == (10_000, 0)
    assert statuses(one)[1:] == [("cancelled", 2, "reservation-expired")]


def test_a_confirmation_that_comes_too_late_is_refused_and_releases() -> None:
    one, account = shop()
    ask(one)
    one.tell(confirm(), NOW + timedelta(minutes=15))
    assert one.answers["ann", "redemption/r1/confirm"].reason == "reservation-expired"
    assert (account.balance, one.taken("mug")) == (10_000, 0)


def test_cancelled_points_return_to_their_lots_with_their_dates() -> None:
    one, account = shop(points=0)
    soon = on("2024-03-31")
    account.credit([(soon, 600), (NEVER, 600)], cause="d", today=on("2024-03-01"))
    ask(one)
    one.tell(cancel(), NOW)
    assert line_points(account)[2:] == [
        ("redemption/r1/reserve", "redeemed", -1_000, 200),
        ("redemption/r1/return", "returned", 1_000, 1_200),
    ]
    assert account.lots[soon].points == 600


def test_cancelled_after_its_lots_ended_both_are_recorded() -> None:
    one, account = shop(points=0)
    account.credit([(on("2024-03-10"), 1_000)], cause="d", today=on("2024-03-01"))
    ask(one, confirm=True)
    one.tell(cancel(), noon("2024-03-11"))
    assert line_points(account)[2:] == [
        ("redemption/r1/reserve", "redeemed", -1_000, 0),
        ("redemption/r1/return", "returned", 1_000, 1_000),
        ("expiry/2024-03-10/1", "expired", -1_000, 0),
    ]


def test_what_returns_repays_a_debt_first() -> None:
    one, account = shop(points=1_000)
    ask(one, confirm=True)
    account.take_back(NEVER, 300, "debt", cause="t", today=on("2024-03-10"))
    one.tell(cancel(), NOW)
    assert (account.balance, account.debt, account.spendable(on("2024-03-10"))) == (700, 0, 700)


def test_nothing_goes_back_once_it_was_sent() -> None:
    one, account = shop()
    ask(one, confirm=True)
    one.tell(sent(), NOW)
    one.tell(cancel(), NOW)
    assert one.answers["ann", "redemption/r1/cancel"].reason == "already-shipped"
    assert account.balance == 9_000


def test_a_parcel_before_the_confirmation_waits_and_of_a_cancelled_one_can_not_be() -> None:
    one, _ = shop()
    for name in ("r1", "r2"):
        one.tell(sent(name), NOW)
        ask(one, name)
    assert len(one.parked) == 2
    one.tell(confirm("r1"), NOW)
    one.tell(cancel("r2"), NOW)
    assert (one.redemptions["ann", "r1"].status, one.parked) == ("shipped", [])
    assert one.dead == [(sent("r2"), "redemption-cancelled")]


def test_a_parcel_that_is_there_was_sent() -> None:
    one, _ = shop()
    ask(one, confirm=True)
    one.tell(delivered(), NOW)
    one.tell(sent(), NOW)
    assert statuses(one) == [("to-ship", 1, ""), ("completed", 2, "")]


def test_a_rejected_request_can_be_neither_confirmed_nor_shipped() -> None:
    one, account = shop(points=999)
    one.tell(sent(), NOW)
    assert ask(one) == ("insufficient-points", {"needs": 1_000, "has": 999, "owes": 0})
    one.tell(confirm(), NOW)
    assert one.answers["ann", "redemption/r1/confirm"].reason == "redemption-rejected"
    assert one.dead == [(sent(), "redemption-rejected")]
    assert len(account.entries) == 1
    account.credit([(NEVER, 1)], cause="d", today=on("2024-03-10"))
    assert ask(one)[0] == "insufficient-points"  # the first answer, for ever


EVENING, NEXT_MONTH = datetime.fromisoformat("2024-03-11T00:00+08:00"), noon("2024-04-01")
SOLD_OUT = {"left": 5, "asked": 6}
USED_UP = {"limit": 2, "used": 0, "asked": 3}


@pytest.mark.parametrize(
    ("reward", "quantity", "reason", "figures"),
    [
        (replace(MUG, id="cup"), 1, "unknown-reward", {"reward_id": "mug"}),
        (MUG, 6, "out-of-stock", SOLD_OUT),
        (replace(MUG, on_sale_from=EVENING), 1, "not-on-sale", {"from": EVENING, "until": None}),
        (replace(MUG, on_sale_until=NOW), 1, "not-on-sale", {"from": None, "until": NOW}),
        (replace(MUG, daily_limit=2), 3, "daily-limit", {**USED_UP, "resets_at": EVENING}),
        (
            replace(MUG, monthly_limit=2),
            3,
            "member-monthly-limit",
            {**USED_UP, "resets_at": NEXT_MONTH.replace(hour=0)},
        ),
        (replace(MUG, tiers=("gold",)), 1, "tier-required", {"tiers": ["gold"], "has": None}),
        (
            replace(MUG, points=10**9),
            2,
            "too-many-points",
            {"needs": 2 * 10**9, "at_most": 10**9},
        ),
    ],
)
def test_each_refusal_says_what_is_needed_and_what_is_there(
    reward: Reward, quantity: int, reason: str, figures: dict[str, object]
) -> None:
    one, account = shop(reward)
    assert ask(one, quantity=quantity) == (reason, figures)
    assert (account.balance, one.taken("mug")) == (10_000, 0)


def test_limits_are_free_again_after_a_cancellation_and_when_their_time_has_passed() -> None:
    one, _ = shop(Reward(id="mug", points=1, stock=50, daily_limit=2, monthly_limit=3))
    assert ask(one, "r1", quantity=2)[0] == ""
    assert ask(one, "r2")[0] == "daily-limit"
    one.tell(cancel("r1"), NOW)
    assert ask(one, "r3", quantity=2, confirm=True)[0] == ""
    tomorrow = NOW + timedelta(days=1)
    assert ask(one, "r4", tomorrow, quantity=2)[0] == "member-monthly-limit"
    assert ask(one, "r5", NEXT_MONTH, quantity=2)[0] == ""


def test_only_so_many_reservations_at_once() -> None:
    one, _ = shop(most_open=2)
    assert [ask(one, f"r{n}")[0] for n in range(3)] == ["", "", "too-many-open"]
    assert ask(one, "r4", confirm=True)[0] == ""
    assert ask(one, "r5", NOW + timedelta(minutes=15))[0] == ""


def test_an_old_request_is_not_carried_out_any_more() -> None:
    one, _ = shop()
    one.tell(request("ann", "r1", NOW - timedelta(minutes=15)), NOW)
    one.tell(request("ann", "r2", NOW - timedelta(minutes=15, microseconds=1)), NOW)
    reasons = [one.answers["ann", f"redemption/{name}/reserve"].reason for name in ("r1", "r2")]
    assert reasons == ["", "too-old"]


def test_the_same_again_is_the_same_answer_and_otherwise_a_conflict() -> None:
    one, account = shop()
    again, otherwise = request("ann", "r1", NOW), request("ann", "r1", NOW, quantity=2)
    for event in (again, again, otherwise):
        one.tell(event, NOW)
    assert (one.duplicates, one.dead) == ([again], [(otherwise, "conflict")])
    assert account.balance == 9_000


def test_stock_is_raised_and_lowered_down_to_what_is_taken() -> None:
    one, _ = shop()
    ask(one, quantity=5)
    with pytest.raises(StockError):
        one.offer([Reward(id="mug", points=1_000, stock=4)])
    one.offer([Reward(id="mug", points=1_000, stock=6)])
    assert ask(one, "r2")[0] == ""
    assert ask(one, "r3")[0] == "out-of-stock"
