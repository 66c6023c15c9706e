"""What sharing earns, and the four ways in which it earns nothing."""

import pytest

from services.earn.domain.gain import Gain
from services.earn.domain.share import clicked, ordered, reversal
from shared.program.models import Share
from tests.unit.earn.programs import DEFAULT

SHARE = DEFAULT.earn.share


def order_of(friend: str, *, rewarded: bool = False, refunded: bool = False) -> Gain:
    return ordered(
        SHARE,
        member_id="ann",
        friend_id=friend,
        friend_already_rewarded=rewarded,
        order_refunded=refunded,
    )


def test_a_click_and_an_order_of_a_friend() -> None:
    click = clicked(SHARE, member_id="ann", friend_id="bob")
    assert click.points == 5
    assert click.explanation == {"rules": ["share.clicked"], "base": 5, "caps": []}
    assert order_of("bob").points == 50


@pytest.mark.parametrize(
    ("gain", "why"),
    [
        (clicked(SHARE, member_id="ann", friend_id="ann"), "self-referral"),
        (order_of("ann", rewarded=True, refunded=True), "self-referral"),
        (order_of("bob", rewarded=True, refunded=True), "friend-already-rewarded"),
        (order_of("bob", refunded=True), "order-refunded"),
        (clicked(Share(), member_id="ann", friend_id="bob"), "not-in-program"),
    ],
)
def test_nothing_comes_with_its_reason(gain: Gain, why: str) -> None:
    assert (gain.points, gain.explanation["zero"]) == (0, why)


def test_a_bonus_that_goes_back_names_the_refund() -> None:
    assert reversal(order_id="o1", refund_id="r1", points=50) == {
        "rules": ["share.ordered"],
        "order_id": "o1",
        "refund_id": "r1",
        "bonus": 50,
    }
