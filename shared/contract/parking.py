"""parking.v1: events that waited too long for what they need."""

from typing import ClassVar

from pydantic import Field

from shared.contract.types import Cause, Instant, LongText, Offset
from shared.contract.wire import Wire, wire

TOPIC = "parking.v1"


@wire(validate_by_name=True, validate_by_alias=True)
class EventAbandoned(Wire):
    """A parked event counts as abandoned; it still applies should what it awaits ever come.

    `group`, `topic`, `partition` and `offset` say whose and which record it was.
    """

    type_name: ClassVar[str] = "event.abandoned.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "parked_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = (
        "group",
        "parked_topic",
        "partition",
        "offset",
    )

    group: LongText
    awaits: Cause
    parked_topic: LongText = Field(alias="topic")
    partition: Offset
    offset: Offset
    parked_at: Instant
