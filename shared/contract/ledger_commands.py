"""ledger-commands.v1, internal: what a command on one member does to another."""

from typing import ClassVar

from shared.contract.types import Day, Id, Instant, Points
from shared.contract.wire import Wire, wire

TOPIC = "ledger-commands.v1"


@wire
class ShareBonusReversed(Wire):
    """A friend's order came to nothing: the sharer's (`member_id`) bonus for it goes back.

    `expires_on` is the date of the lot the bonus went into; null means it never expires.
    """

    type_name: ClassVar[str] = "share.bonus-reversed.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "refunded_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id", "order_id", "friend_id")

    friend_id: Id
    order_id: Id
    refund_id: Id
    points: Points
    expires_on: Day | None
    refunded_at: Instant
