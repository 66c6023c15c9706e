"""Events to tell, as on the wire."""

from datetime import timedelta
from typing import Any

from tests.integration.earn.desk import now

Story = tuple[str, dict[str, Any]]

# Yesterday: what was earned then is far from its date, whenever the suite runs.
AT = (now() - timedelta(days=1)).isoformat()


def paid(order: str, member: str, minor: int = 1_000, **more: Any) -> Story:
    line = {"line_id": "l1", "sku": "tea", "quantity": 1, "paid_minor": minor}
    data = {"order_id": order, "member_id": member, "paid_at": AT, "currency": "CNY"}
    return "order.paid.v1", {**data, "lines": [line], **more}


def refunded(order: str, member: str, refund: str = "r1", minor: int = 500) -> Story:
    data = {"refund_id": refund, "order_id": order, "member_id": member, "refunded_at": AT}
    return "order.refunded.v1", {**data, "amount_minor": minor}


def shared(order: str, sharer: str, friend: str) -> Story:
    data = {"share_id": f"s-{order}-{sharer}", "member_id": sharer, "friend_id": friend}
    return "share.ordered.v1", {**data, "order_id": order, "ordered_at": AT}


def checked_in(member: str, at: str = AT) -> Story:
    return "check-in.made.v1", {"member_id": member, "made_at": at}
