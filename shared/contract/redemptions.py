"""redemptions.v1: asking for a reward, confirming it, cancelling it."""

from typing import ClassVar

from shared.contract.types import Flag, Id, Instant, LongText, Quantity
from shared.contract.wire import Wire, wire

TOPIC = "redemptions.v1"


@wire
class RedemptionRequested(Wire):
    """A member asks for a reward; `confirm` false reserves only, until confirmed or timed out."""

    type_name: ClassVar[str] = "redemption.requested.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "requested_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = (
        "redemption_id",
        "member_id",
        "reward_id",
        "quantity",
        "confirm",
    )

    redemption_id: Id
    reward_id: Id
    quantity: Quantity
    requested_at: Instant
    confirm: Flag


@wire
class RedemptionDecision(Wire):
    """What confirming and cancelling a reservation share."""

    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("redemption_id", "member_id")

    redemption_id: Id
    at: Instant
    reason: LongText | None = None


@wire
class RedemptionConfirmed(RedemptionDecision):
    """The member confirms a reservation."""

    type_name: ClassVar[str] = "redemption.confirmed.v1"


@wire
class RedemptionCancelled(RedemptionDecision):
    """The member, or the shop for them, gives a redemption up."""

    type_name: ClassVar[str] = "redemption.cancelled.v1"
