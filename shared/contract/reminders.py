"""reminders.v1: points that will expire soon."""

from typing import ClassVar

from shared.contract.types import Day, Instant, Points, ReminderStage
from shared.contract.wire import Wire, wire

TOPIC = "reminders.v1"


@wire
class ExpiryReminderDue(Wire):
    """A member is to be told what is left of a lot; stage 90 shows in inbox and mall only."""

    type_name: ClassVar[str] = "expiry.reminder-due.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id", "stage", "expires_on")

    stage: ReminderStage
    expires_on: Day
    points: Points
    at: Instant
