"""The edge cases that a points system is judged by, one small story each."""

from tests.support.model import NEVER, Lot, MonthBatch, Rules, World
from tests.unit.model.told import (
    came,
    friend_ordered,
    line_points,
    noon,
    on,
    paid,
    refunded,
    tell,
)

JANUARY = on("2025-01-31")  # when points earned in January 2024 end


def test_refund_after_the_points_were_spent_leaves_a_debt_that_earnings_repay() -> None:
    world = World(Rules())
    tell(world, paid(a=10_000))
    world.account("ann").spend(80, cause="redemption/x/reserve", today=on("2024-01-11"))
    tell(world, refunded(a=10_000))
    assert world.account("ann").balance == -80
    assert world.account("ann").debt == 80
    tell(world, paid("o2", a=10_000))
    assert world.account("ann").balance == 20
    assert world.account("ann").lots[JANUARY].points == 20


def test_refund_after_the_points_were_spent_can_be_forgiven() -> None:
    world = World(Rules(refund="clip"))
    tell(world, paid(a=10_000))
    world.account("ann").spend(80, cause="redemption/x/reserve", today=on("2024-01-11"))
    tell(world, refunded("r1", a=9_000), refunded("r2", a=1_000))
    assert line_points(world.account("ann"))[2:] == [
        ("order/o1/refund/r1", "reversed", -20, 0),
        ("order/o1/refund/r2", "reversed", 0, 0),
    ]


def test_partial_refunds_are_exact() -> None:
    """Never the points of the refunded part: always the award of what remains."""
    world = World(Rules())
    tell(world, paid(a=199, b=199))  # 3.98 yuan: 3 points
    tell(world, refunded("r1", a=99), refunded("r2", a=100), refunded("r3", b=199))
    assert line_points(world.account("ann")) == [
        ("order/o1/paid", "earned", 3, 3),
        ("order/o1/refund/r1", "reversed", -1, 2),
        ("order/o1/refund/r2", "reversed", -1, 1),
        ("order/o1/refund/r3", "reversed", -1, 0),
    ]


def test_refund_before_its_order_waits_for_it() -> None:
    world = World(Rules())
    tell(world, refunded("r1", a=4_000), refunded("r2", a=1_000))
    assert (len(world.parked), world.accounts()) == (2, {})
    tell(world, paid(a=10_000))
    assert line_points(world.account("ann")) == [
        ("order/o1/paid", "earned", 100, 100),
        ("order/o1/refund/r1", "reversed", -40, 60),
        ("order/o1/refund/r2", "reversed", -10, 50),
    ]
    assert world.parked == []


def test_share_order_before_the_order_waits_for_it() -> None:
    world = World(Rules())
    tell(world, friend_ordered())
    assert len(world.parked) == 1
    tell(world, paid())
    assert line_points(world.account("bob")) == [("share/order/o1", "earned", 50, 50)]


def test_what_waited_for_an_order_sees_its_own_members_events_first() -> None:
    world = World(Rules())
    tell(world, friend_ordered(), refunded(a=10_000), paid(a=10_000))
    assert world.account("bob").entries[0].why == "order-refunded"


def test_the_same_refund_waiting_twice_counts_once() -> None:
    world = World(Rules())
    tell(world, refunded(a=4_000), refunded(a=4_000), refunded(a=5_000), paid(a=10_000))
    assert world.account("ann").balance == 60
    assert len(world.duplicates) == 1
    assert [reason for _, reason in world.dead] == ["conflict"]


def test_refunding_more_than_was_paid_is_clamped() -> None:
    world = World(Rules())
    tell(world, paid(a=5_000, b=5_000))
    tell(world, refunded("r1", a=9_999), refunded("r2", amount=99_999), refunded("r3", b=1))
    assert line_points(world.account("ann"))[1:] == [
        ("order/o1/refund/r1", "reversed", -50, 50),
        ("order/o1/refund/r2", "reversed", -50, 0),
        ("order/o1/refund/r3", "reversed", 0, 0),
    ]


def test_refund_of_an_expired_award_takes_nothing_twice() -> None:
    world = World(Rules())
    tell(world, paid(a=10_000))
    world.settle(noon("2025-02-01"))
    tell(world, refunded(a=10_000), now="2025-02-02")
    assert line_points(world.account("ann")) == [
        ("order/o1/paid", "earned", 100, 100),
        ("expiry/2025-01-31/1", "expired", -100, 0),
        ("order/o1/refund/r1", "reversed", 0, 0),
    ]
    assert world.account("ann").lots[JANUARY] == Lot(expired=100, forgiven=100, times_expired=1)


def test_same_order_told_twice_is_one_award() -> None:
    world = World(Rules())
    again = paid(a=10_000, b=1)
    again["data"]["lines"].reverse()
    again["data"]["channel"] = "another"
    again["data"]["paid_at"] = "2024-01-10T04:00:00Z"
    tell(world, paid(a=10_000, b=1), again)
    assert world.account("ann").balance == 100
    assert (world.duplicates, world.dead) == ([again], [])


def test_same_order_with_another_body_is_a_conflict() -> None:
    world = World(Rules())
    dearer = paid(a=20_000)
    tell(world, paid(a=10_000), dearer)
    assert world.account("ann").balance == 100
    assert world.dead == [(dearer, "conflict")]


def test_one_order_told_for_two_members_is_the_firsts() -> None:
    world = World(Rules())
    second = paid(member="bob")
    tell(world, paid(member="ann"), second)
    assert world.dead == [(second, "order-of-another-member")]
    assert world.accounts().keys() == {"ann"}


def test_refund_told_for_the_wrong_member_dies_even_if_it_waited() -> None:
    world = World(Rules())
    early, late = refunded("r1", member="bob", a=1), refunded("r2", member="bob", a=1)
    tell(world, early, paid(), late)
    assert world.dead == [(early, "order-of-another-member"), (late, "order-of-another-member")]


def test_refund_of_an_unknown_line_dies_whole() -> None:
    world = World(Rules())
    odd = refunded(a=5_000, z=1)
    tell(world, paid(a=10_000), odd)
    assert world.dead == [(odd, "unknown-line")]
    assert world.account("ann").balance == 100


def test_late_event_uses_the_day_it_happened() -> None:
    world = World(Rules())
    tell(world, paid(day="2024-01-31"), now="2024-05-01")
    assert world.account("ann").lots.keys() == {JANUARY}


def test_award_born_expired_is_two_entries() -> None:
    world = World(Rules())
    tell(world, paid(), now="2026-01-01")
    assert line_points(world.account("ann")) == [
        ("order/o1/paid", "earned", 100, 100),
        ("expiry/2025-01-31/1", "expired", -100, 0),
    ]


def test_points_that_come_to_a_swept_date_expire_again() -> None:
    world = World(Rules())
    tell(world, paid("o1"), paid("o2", day="2024-01-11"), now="2026-01-01")
    assert [entry.cause for entry in world.account("ann").entries] == [
        "order/o1/paid",
        "expiry/2025-01-31/1",
        "order/o2/paid",
        "expiry/2025-01-31/2",
    ]


def test_redemption_cancelled_after_its_lots_expired() -> None:
    world = World(Rules())
    tell(world, paid())
    account = world.account("ann")
    parts = account.spend(60, cause="redemption/x/reserve", today=on("2024-06-01"))
    account.give_back(parts, cause="redemption/x/cancel", today=on("2025-03-01"))
    assert line_points(account)[1:] == [
        ("redemption/x/reserve", "redeemed", -60, 40),
        ("expiry/2025-01-31/1", "expired", -40, 0),
        ("redemption/x/cancel", "returned", 60, 60),
        ("expiry/2025-01-31/2", "expired", -60, 0),
    ]


def test_a_check_in_across_midnight_belongs_to_the_shops_day() -> None:
    world = World(Rules())
    last_second, midnight = "2024-01-10T15:59:59Z", "2024-01-10T16:00:00Z"
    tell(world, came("", at=last_second), came("", at=midnight), came("", at=midnight))
    assert [entry.cause for entry in world.account("ann").entries] == [
        "check-in/2024-01-10",
        "check-in/2024-01-11",
    ]
    assert len(world.duplicates) == 1


def test_a_clock_ahead_keeps_its_day_and_a_clock_far_off_is_refused() -> None:
    world = World(Rules())
    tell(world, came("2024-01-21"), came("2024-01-22"), came("1999-12-31"), now="2024-01-20")
    assert [entry.cause for entry in world.account("ann").entries] == ["check-in/2024-01-21"]
    assert [reason for _, reason in world.dead] == ["time-out-of-range"] * 2


def test_a_currency_the_program_does_not_name_is_worth_nothing_and_says_so() -> None:
    world = World(Rules())
    tell(world, paid(currency="XTS"), refunded(a=10_000))
    assert line_points(world.account("ann")) == [
        ("order/o1/paid", "earned", 0, 0),
        ("order/o1/refund/r1", "reversed", 0, 0),
    ]
    assert world.account("ann").entries[0].why == "currency-not-in-program"


def test_events_that_change_nothing_settle_nothing() -> None:
    world = World(Rules())
    tell(world, paid())
    tell(world, paid(), paid(a=1), refunded(z=1), now="2025-06-01")
    assert world.account("ann").balance == 100
    world.settle(noon("2025-06-01"), "ann")
    assert world.account("ann").balance == 0


def test_a_due_lot_settles_before_a_command_and_the_day_itself_still_counts() -> None:
    world = World(Rules(expiry=MonthBatch(after_months=1)))
    tell(world, paid("o1"))
    tell(world, paid("o2", day="2024-02-29"), now="2024-02-29")
    assert world.account("ann").balance == 200
    tell(world, paid("o3", day="2024-03-01"), now="2024-03-01")
    assert line_points(world.account("ann"))[2:] == [
        ("expiry/2024-02-29/1", "expired", -100, 100),
        ("order/o3/paid", "earned", 100, 200),
    ]
    assert NEVER not in world.account("ann").lots
