"""redemption-events.v1: each change of a redemption's status."""

from typing import Annotated, ClassVar

from pydantic import JsonValue

from shared.contract.types import Code, Expected, Id, Instant, Points, Quantity, Sequence
from shared.contract.wire import Wire, wire

TOPIC = "redemption-events.v1"


@wire
class RedemptionStatus(Wire):
    """What all statuses share. Drop what is not newer than the `version` seen."""

    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("redemption_id", "member_id", "version")

    redemption_id: Id
    version: Sequence
    reward_id: Id
    quantity: Quantity
    points: Points
    at: Instant
    reason: Code | None = None


@wire
class RedemptionReserved(RedemptionStatus):
    """Points and stock are held."""

    type_name: ClassVar[str] = "redemption.reserved.v1"


@wire
class RedemptionAwaitingPayment(RedemptionStatus):
    """Confirmed; the cash part is still to come."""

    type_name: ClassVar[str] = "redemption.awaiting-payment.v1"


@wire
class RedemptionToShip(RedemptionStatus):
    """Paid for; the parcel is to be sent."""

    type_name: ClassVar[str] = "redemption.to-ship.v1"


@wire
class RedemptionShipped(RedemptionStatus):
    """The parcel is on its way."""

    type_name: ClassVar[str] = "redemption.shipped.v1"


@wire
class RedemptionCompleted(RedemptionStatus):
    """The member has the reward."""

    type_name: ClassVar[str] = "redemption.completed.v1"


@wire
class RedemptionWithdrawn(RedemptionStatus):
    """Given up; points and stock went back. The type is also a command's, on another topic."""

    type_name: ClassVar[str] = "redemption.cancelled.v1"


@wire
class RedemptionRejected(RedemptionStatus):
    """Refused; nothing was held. `reason` says why, for programs; `figures` what was there."""

    type_name: ClassVar[str] = "redemption.rejected.v1"

    reason: Code
    figures: Annotated[dict[str, JsonValue], Expected("an object")] | None = None
