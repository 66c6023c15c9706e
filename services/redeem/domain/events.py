"""Statuses as the wire tells them: redemption-events.v1."""

import orjson

from services.redeem.domain.desk import StatusEvent


def type_of(event: StatusEvent) -> str:
    """Name the published type of a status."""
    return f"redemption.{event.status}.v1"


def data_of(event: StatusEvent) -> str:
    """Spell the data as the contract's model would, which takes five times as long to do it."""
    data: dict[str, object] = {
        "member_id": event.member_id,
        "redemption_id": event.redemption_id,
        "version": event.version,
        "reward_id": event.reward_id,
        "quantity": event.quantity,
        "points": event.points,
        "at": event.at,
    }
    if event.reason is not None:
        data["reason"] = event.reason
    if event.figures is not None:
        data["figures"] = event.figures
    return orjson.dumps(data, option=orjson.OPT_UTC_Z).decode()
