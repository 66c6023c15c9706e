"""What sharing earns: a friend's click once a day, a friend's first order once for ever."""

from services.earn.domain.gain import Explanation, Gain, fixed, nothing
from shared.program.models import Share

CLICKED = "share.clicked"
ORDERED = "share.ordered"


def clicked(share: Share, *, member_id: str, friend_id: str) -> Gain:
    """Say what a friend's click earns the member who shared."""
    if member_id == friend_id:
        return nothing(CLICKED, "self-referral")
    return fixed(CLICKED, share.clicked)


def ordered(
    share: Share,
    *,
    member_id: str,
    friend_id: str,
    friend_already_rewarded: bool,
    order_refunded: bool,
) -> Gain:
    """Say what a friend's order earns the member who shared.

    `friend_already_rewarded`: an order of this friend has paid a sharer before, even if that
    bonus went back. `order_refunded`: nothing of the order is left.
    """
    if member_id == friend_id:
        return nothing(ORDERED, "self-referral")
    if friend_already_rewarded:
        return nothing(ORDERED, "friend-already-rewarded")
    if order_refunded:
        return nothing(ORDERED, "order-refunded")
    return fixed(ORDERED, share.ordered)


def reversal(*, order_id: str, refund_id: str, points: int) -> Explanation:
    """Explain why a sharer's bonus goes back: the friend's order was refunded to nothing."""
    return {"rules": [ORDERED], "order_id": order_id, "refund_id": refund_id, "bonus": points}
