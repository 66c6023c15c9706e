"""Statuses as the wire tells them: redemption-events.v1."""

from collections.abc import Mapping
from typing import Final

from services.redeem.domain.desk import StatusEvent
from shared.contract.redemption_events import (
    RedemptionAwaitingPayment,
    RedemptionCompleted,
    RedemptionRejected,
    RedemptionReserved,
    RedemptionShipped,
    RedemptionStatus,
    RedemptionToShip,
    RedemptionWithdrawn,
)

_TYPES: Final[Mapping[str, type[RedemptionStatus]]] = {
    "reserved": RedemptionReserved,
    "awaiting-payment": RedemptionAwaitingPayment,
    "to-ship": RedemptionToShip,
    "shipped": RedemptionShipped,
    "completed": RedemptionCompleted,
    "cancelled": RedemptionWithdrawn,
}


def wire_of(event: StatusEvent) -> RedemptionStatus:
    """Return the event as the contract has it; raises ValidationError where it breaks that."""
    told = {
        "redemption_id": event.redemption_id,
        "member_id": event.member_id,
        "version": event.version,
        "reward_id": event.reward_id,
        "quantity": event.quantity,
        "points": event.points,
        "at": event.at,
        "reason": event.reason,
    }
    if event.status == "rejected":
        return RedemptionRejected.model_validate({**told, "figures": event.figures})
    return _TYPES[event.status].model_validate(told)
