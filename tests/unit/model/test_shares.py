"""Shares: a friend's click, a friend's first order, and what they never pay."""

from tests.support.model import Rules, World
from tests.unit.model.told import (
    clicked,
    friend_ordered,
    line_points,
    noon,
    on,
    paid,
    refunded,
    tell,
)


def why(world: World, member: str = "bob") -> list[str]:
    return [entry.why for entry in world.account(member).entries]


def test_a_friends_click_earns_once_a_day() -> None:
    world = World(Rules())
    tell(world, clicked(), clicked(), clicked(friend="cat"), clicked(day="2024-01-10"))
    assert line_points(world.account("bob")) == [
        ("share/click/ann/2024-01-09", "earned", 5, 5),
        ("share/click/cat/2024-01-09", "earned", 5, 10),
        ("share/click/ann/2024-01-10", "earned", 5, 15),
    ]
    assert len(world.duplicates) == 1


def test_ones_own_click_and_order_earn_nothing_and_say_so() -> None:
    world = World(Rules())
    tell(world, paid(), clicked(sharer="ann"), friend_ordered(sharer="ann"))
    assert why(world, "ann") == ["", "self-referral", "self-referral"]
    assert world.account("ann").balance == 100


def test_ones_own_order_waits_for_nothing() -> None:
    world = World(Rules())
    tell(world, friend_ordered("never-told", sharer="ann"))
    assert (why(world, "ann"), world.parked) == (["self-referral"], [])


def test_ones_own_order_leaves_the_friend_to_a_true_sharer() -> None:
    world = World(Rules())
    tell(world, paid(), friend_ordered(sharer="ann"), friend_ordered(sharer="bob"))
    assert world.account("bob").balance == 50


def test_a_friend_pays_one_sharer_once() -> None:
    world = World(Rules())
    tell(world, paid("o1"), paid("o2"))
    tell(world, friend_ordered("o1"), friend_ordered("o2"), friend_ordered("o1", sharer="cat"))
    assert world.account("bob").balance == 50
    assert why(world) == ["", "friend-already-rewarded"]
    assert why(world, "cat") == ["friend-already-rewarded"]


def test_an_order_of_somebody_else_is_not_the_friends() -> None:
    world = World(Rules())
    odd = friend_ordered(friend="cat")
    tell(world, paid(member="ann"), odd, friend_ordered(friend="ann"))
    assert world.dead == [(odd, "order-of-another-member")]
    assert world.account("bob").balance == 50


def test_the_same_order_for_another_friend_is_a_conflict() -> None:
    world = World(Rules())
    tell(world, paid(), friend_ordered(), friend_ordered(friend="cat"))
    assert [reason for _, reason in world.dead] == ["conflict"]


def test_the_bonus_goes_back_with_the_whole_order_and_only_once() -> None:
    world = World(Rules())
    tell(world, paid(a=10_000), friend_ordered())
    tell(world, refunded("r1", a=9_999))
    assert world.account("bob").balance == 50
    tell(world, refunded("r2", a=1), refunded("r3", a=1))
    assert line_points(world.account("bob")) == [
        ("share/order/o1", "earned", 50, 50),
        ("share/order/o1/reversed", "reversed", -50, 0),
    ]


def test_only_the_order_that_paid_the_bonus_takes_it_back() -> None:
    world = World(Rules())
    tell(world, paid("o1"), paid("o2"), friend_ordered("o1"))
    tell(world, refunded(order_id="o2", amount=10_000))
    assert world.account("bob").balance == 50


def test_a_friend_whose_bonus_went_back_stays_rewarded() -> None:
    world = World(Rules())
    tell(world, paid("o1"), friend_ordered("o1"), refunded(amount=10_000))
    tell(world, paid("o2"), friend_ordered("o2"))
    assert world.account("bob").balance == 0
    assert why(world)[-1] == "friend-already-rewarded"


def test_an_order_already_refunded_pays_no_sharer_but_the_next_one_does() -> None:
    world = World(Rules())
    tell(world, paid("o1"), refunded(amount=10_000), friend_ordered("o1"))
    tell(world, paid("o2"), friend_ordered("o2"))
    assert why(world) == ["order-refunded", ""]
    assert world.account("bob").balance == 50


def test_an_expired_bonus_goes_back_at_no_cost() -> None:
    world = World(Rules())
    tell(world, paid("o1"), friend_ordered())
    world.settle(noon("2025-02-01"))
    tell(world, refunded(amount=10_000), now="2025-02-01")
    assert world.account("bob").balance == 0
    assert world.account("bob").lots[on("2025-01-31")].forgiven == 50


def test_a_free_order_is_a_friends_order_and_can_not_be_refunded_away() -> None:
    world = World(Rules())
    tell(world, paid(a=0), refunded("r1", amount=0), friend_ordered(), refunded("r2", a=1))
    assert world.account("bob").balance == 50
