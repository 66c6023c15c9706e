"""Answers: what a command came to, kept with it and given again for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, TypeAlias

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from services.redeem.domain.redemption import Redemption, Status
from shared.ledger.entries import NEVER, LotMove

Reason: TypeAlias = Literal[
    "too-old",
    "unknown-reward",
    "not-on-sale",
    "out-of-stock",
    "daily-limit",
    "tier-required",
    "member-monthly-limit",
    "too-many-open",
    "too-many-points",
    "insufficient-points",
    "reservation-expired",
    "redemption-cancelled",
    "redemption-rejected",
    "already-shipped",
]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why not, for programs, with what is needed and what is there (JSON-ready)."""

    reason: Reason
    figures: Mapping[str, JsonValue] = field(default_factory=dict)


class LotPart(BaseModel):
    """Points with the last local day on which they can be spent; null is never."""

    model_config = ConfigDict(frozen=True)

    expires_on: date | None
    points: int


class Answer(BaseModel):
    """What a command came to. `reason` and `figures` are there when it was refused.

    The rest is of the redemption as the command left it; a rejected request has left none.
    """

    model_config = ConfigDict(frozen=True)

    redemption_id: str
    status: Status | Literal["rejected"]
    reason: Reason | None = None
    figures: Mapping[str, JsonValue] | None = None
    reward_id: str | None = None
    quantity: int | None = None
    points: int | None = None
    version: int | None = None
    lots: tuple[LotPart, ...] | None = Field(
        default=None, description="The lots that were spent, or that the points went back to."
    )
    balance: int | None = Field(default=None, description="The member's balance after it.")
    reserved_until: AwareDatetime | None = Field(
        default=None, description="Confirm before this moment; then it is released by itself."
    )


Spelt: TypeAlias = dict[str, object]
"""An answer as it is kept: the fields of `Answer` that say something, ready for JSON."""


def accepted(redemption: Redemption, *, balance: int | None = None) -> Spelt:
    """Answer with the redemption as it is now; with lots and balance where points were moved."""
    answer: Spelt = {
        "redemption_id": redemption.redemption_id,
        "status": redemption.status,
        "reward_id": redemption.reward_id,
        "quantity": redemption.quantity,
        "points": redemption.points,
        "version": redemption.version,
    }
    if balance is not None:
        answer["lots"] = [
            {"expires_on": None if day == NEVER else day, "points": points}
            for day, points in redemption.lots
        ]
        answer["balance"] = balance
    if redemption.is_held:
        answer["reserved_until"] = redemption.reserved_until
    return answer


def requested(redemption: Redemption, *, holds: bool) -> Spelt:
    """Answer the request of a redemption as at first, whatever has become of it since.

    `holds`: it was to be confirmed later.
    """
    first = redemption._replace(status="reserved" if holds else "to-ship", version=1)
    return accepted(first, balance=redemption.balance)


def refused(redemption: Redemption, rejection: Rejection) -> Spelt:
    """Answer that a redemption stays as it is, and why."""
    return {
        **accepted(redemption),
        "reason": rejection.reason,
        "figures": rejection.figures,
    }


def rejected(redemption_id: str, rejection: Rejection) -> Spelt:
    """Answer that there is no such redemption, and why."""
    return {
        "redemption_id": redemption_id,
        "status": "rejected",
        "reason": rejection.reason,
        "figures": rejection.figures,
    }


def to_json(answer: Spelt) -> bytes:
    """Write an answer as `Answer` reads it."""
    return orjson.dumps(answer, option=orjson.OPT_UTC_Z)


def lot_parts(moves: Sequence[LotMove]) -> tuple[LotPart, ...]:
    """Say lots as the wire does."""
    return tuple(
        [LotPart(expires_on=None if day == NEVER else day, points=points) for day, points in moves]
    )


def instant_text(at: datetime | None) -> str | None:
    """Spell a time as RFC 3339 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
