"""engagement.v1: following, completing the profile, reviewing, answering, doing tasks."""

from typing import ClassVar

from shared.contract.types import Count, Id, Instant, ProfileField
from shared.contract.wire import Wire, wire

TOPIC = "engagement.v1"


@wire
class MemberFollowed(Wire):
    """A member followed the shop. Only the first time counts, so its time is no business field."""

    type_name: ClassVar[str] = "member.followed.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "followed_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id",)

    followed_at: Instant


@wire
class ProfileCompleted(Wire):
    """A member filled in a field of the profile, which counts once per field."""

    type_name: ClassVar[str] = "profile.completed.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "completed_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id", "field")

    field: ProfileField
    completed_at: Instant


@wire
class ReviewPosted(Wire):
    """A member reviewed a line of an order. The first review of a line counts, however many."""

    type_name: ClassVar[str] = "review.posted.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "posted_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id", "order_id", "line_id")

    review_id: Id
    order_id: Id
    line_id: Id
    photos: Count
    posted_at: Instant


@wire
class SurveyAnswered(Wire):
    """A member answered a survey, which counts once per survey."""

    type_name: ClassVar[str] = "survey.answered.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "answered_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id", "survey_id")

    survey_id: Id
    answered_at: Instant


@wire
class TaskCompleted(Wire):
    """A member completed a task the operator set; its time decides which limit it counts for."""

    type_name: ClassVar[str] = "task.completed.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "completed_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = (
        "member_id",
        "task_id",
        "completion_id",
        "completed_at",
    )

    task_id: Id
    completion_id: Id
    completed_at: Instant
