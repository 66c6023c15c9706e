"""check-ins.v1: a member checked in."""

from typing import ClassVar

from shared.contract.types import Instant, LongText
from shared.contract.wire import Wire, wire

TOPIC = "check-ins.v1"


@wire
class CheckInMade(Wire):
    """A member checked in; two check-ins of one local day are the same thing told twice."""

    type_name: ClassVar[str] = "check-in.made.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "made_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id",)

    made_at: Instant
    device_id: LongText | None = None
