"""shipments.v1: the parcel of a redemption."""

from typing import ClassVar

from shared.contract.types import Id, Instant, Text
from shared.contract.wire import Wire, wire

TOPIC = "shipments.v1"


@wire
class Shipment(Wire):
    """What sending and delivering a parcel share."""

    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("redemption_id", "member_id")

    redemption_id: Id
    carrier: Text | None = None
    tracking_no: Text | None = None
    at: Instant


@wire
class ShipmentSent(Shipment):
    """The parcel is on its way."""

    type_name: ClassVar[str] = "shipment.sent.v1"


@wire
class ShipmentDelivered(Shipment):
    """The parcel has arrived."""

    type_name: ClassVar[str] = "shipment.delivered.v1"
