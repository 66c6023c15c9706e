"""shares.v1: what friends did with what a member shared."""

from typing import ClassVar

from shared.contract.types import Id, Instant, LongText
from shared.contract.wire import Wire, wire

TOPIC = "shares.v1"


@wire
class ShareClicked(Wire):
    """A friend opened what the member shared."""

    type_name: ClassVar[str] = "share.clicked.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "clicked_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id", "friend_id")

    share_id: Id
    friend_id: Id
    clicked_at: Instant
    device_id: LongText | None = None


@wire
class ShareOrdered(Wire):
    """A friend ordered through what the member shared; the order itself is told on orders.v1."""

    type_name: ClassVar[str] = "share.ordered.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "ordered_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id", "friend_id", "order_id")

    share_id: Id
    friend_id: Id
    order_id: Id
    ordered_at: Instant
