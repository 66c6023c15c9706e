"""Deciding what a member is told of an event. Pure.

What happened once (a reminder that was due, points that expired) is told whenever the event comes.
A redemption's status is told only until a later one was: nobody reads "will be sent" after "sent".
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias

from services.notify.domain import causes
from services.notify.domain.desk import Desk
from services.notify.domain.message import Message
from shared.contract.points import PointsExpired
from shared.contract.redemption_events import (
    RedemptionAwaitingPayment,
    RedemptionCompleted,
    RedemptionRejected,
    RedemptionShipped,
    RedemptionStatus,
    RedemptionToShip,
    RedemptionWithdrawn,
)
from shared.contract.refusal import ContractError, shown
from shared.contract.reminders import ExpiryReminderDue
from shared.contract.types import parse_day
from shared.contract.wire import Wire
from shared.ledger.entries import Cause, MemberId

Decision: TypeAlias = Literal["applied", "duplicate"]

FIRST_STAGE: Final = 90
"""Days before; this early a reminder waits in the inbox and is pushed to nobody."""


def cause_of(data: Wire) -> Cause | None:
    """Name the cause of a message, or None for an event that nobody is told of.

    Raises ContractError for an expiry that does not say when its points could be spent.
    """
    name = _CAUSES.get(type(data))
    return None if name is None else name(data)


def decide(
    data: Wire, cause: Cause, desk: Desk, now: datetime, traceparent: str | None = None
) -> Decision:
    """Tell the member of an event, or say why not."""
    member_id = MemberId(data.member_id)
    if isinstance(data, RedemptionStatus):
        key = (member_id, data.redemption_id)
        if not desk.see(key, data.version):
            return "duplicate"
    template, told = _MESSAGES[type(data)](data, desk)
    outside = not (isinstance(data, ExpiryReminderDue) and data.stage == FIRST_STAGE)
    message = Message(member_id, cause, template, told, now, outside, traceparent)
    return "applied" if desk.tell(message) else "duplicate"


def expiry_date(data: PointsExpired) -> date:
    """Return the last day on which expired points could be spent; raises ContractError."""
    day = data.reason.get("expires_on")
    try:
        return parse_day(str(day))
    except ValueError:
        raise ContractError(
            "invalid-data", f"reason.expires_on: expected a day, got {shown(day)}"
        ) from None


def _reminder(data: ExpiryReminderDue, _: Desk) -> tuple[str, Mapping[str, object]]:
    return f"expiry-reminder-{data.stage}", {
        "stage": data.stage,
        "points": data.points,
        "expires_on": str(data.expires_on),
    }


def _expiry(data: PointsExpired, _: Desk) -> tuple[str, Mapping[str, object]]:
    return "points-expired", {"points": abs(data.points), "expires_on": str(expiry_date(data))}


def _redemption(data: RedemptionStatus, desk: Desk) -> tuple[str, Mapping[str, object]]:
    told: dict[str, object] = {
        "redemption_id": data.redemption_id,
        "reward_id": data.reward_id,
        "quantity": data.quantity,
        "points": data.points,
    }
    title = desk.titles.get(data.reward_id)
    if title is not None:
        told["title"] = title
    if data.reason is not None:
        told["reason"] = data.reason
    return f"redemption-{causes.status_of(data)}", told


def _expired(data: PointsExpired) -> Cause:
    expiry_date(data)
    return causes.expired(data.cause)


_MESSAGES: Final[Mapping[type[Wire], Callable[[Any, Desk], tuple[str, Mapping[str, object]]]]] = {
    ExpiryReminderDue: _reminder,
    PointsExpired: _expiry,
    RedemptionAwaitingPayment: _redemption,
    RedemptionToShip: _redemption,
    RedemptionShipped: _redemption,
    RedemptionCompleted: _redemption,
    RedemptionWithdrawn: _redemption,
    RedemptionRejected: _redemption,
}

_CAUSES: Final[Mapping[type[Wire], Callable[[Any], Cause]]] = {
    ExpiryReminderDue: lambda data: causes.reminded(data.expires_on, data.stage),
    PointsExpired: _expired,
    RedemptionAwaitingPayment: causes.moved,
    RedemptionToShip: causes.moved,
    RedemptionShipped: causes.moved,
    RedemptionCompleted: causes.moved,
    RedemptionWithdrawn: causes.moved,
    RedemptionRejected: causes.moved,
}
