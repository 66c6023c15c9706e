"""notifications.v1: what became of messages to members."""

from typing import ClassVar

from shared.contract.types import Code, Id, Instant
from shared.contract.wire import Wire, wire

TOPIC = "notifications.v1"


@wire
class Notification(Wire):
    """What a message that was sent and one that was not share; never the text itself."""

    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("notification_id", "member_id")

    notification_id: Id
    channel: Code
    template: Code | None = None
    at: Instant


@wire
class NotificationSent(Notification):
    """The channel took the message."""

    type_name: ClassVar[str] = "notification.sent.v1"


@wire
class NotificationFailed(Notification):
    """The channel refused the message for good; `reason` says why, for programs."""

    type_name: ClassVar[str] = "notification.failed.v1"

    reason: Code
