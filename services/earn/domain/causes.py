"""The causes of earn: what each event says happened, by a name that never changes."""

from datetime import date

from shared.ledger.entries import Cause


def paid(order_id: str) -> Cause:
    """Name the payment of an order."""
    return Cause(f"order/{order_id}/paid")


def refunded(order_id: str, refund_id: str) -> Cause:
    """Name one refund of an order."""
    return Cause(f"order/{order_id}/refund/{refund_id}")


def checked_in(day: date) -> Cause:
    """Name the check-in of a local day."""
    return Cause(f"check-in/{day}")


def check_in_corrected(day: date, number: int) -> Cause:
    """Name the n-th correction that late check-ins brought to a later day."""
    return Cause(f"check-in/{day}/corrected/{number}")


def clicked(friend_id: str, day: date) -> Cause:
    """Name a friend's clicks of a local day."""
    return Cause(f"share/click/{friend_id}/{day}")


def friend_ordered(order_id: str) -> Cause:
    """Name a friend's order that came through a share."""
    return Cause(f"share/order/{order_id}")


def bonus_reversed(order_id: str) -> Cause:
    """Name the end of a sharer's bonus: nothing of the friend's order is left."""
    return Cause(f"share/order/{order_id}/reversed")
