"""points.v1: every entry of the ledger that moved points, in the member's order."""

from typing import Annotated, ClassVar

from pydantic import JsonValue

from shared.contract.types import Balance, Cause, EntryId, Expected, Instant, Sequence, SignedPoints
from shared.contract.wire import Wire, wire

TOPIC = "points.v1"


@wire
class PointsEntry(Wire):
    """What the six kinds share. Drop what is not newer than the `seq` seen; gaps are no loss."""

    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = ("member_id", "seq", "cause", "points")

    entry_id: EntryId
    seq: Sequence
    cause: Cause
    points: SignedPoints
    balance: Balance
    reason: Annotated[dict[str, JsonValue], Expected("an object")]
    at: Instant
    posted_at: Instant


@wire
class PointsEarned(PointsEntry):
    """Points were awarded."""

    type_name: ClassVar[str] = "points.earned.v1"


@wire
class PointsReversed(PointsEntry):
    """An award was taken back, in whole or in part."""

    type_name: ClassVar[str] = "points.reversed.v1"


@wire
class PointsRedeemed(PointsEntry):
    """Points were spent on a reward."""

    type_name: ClassVar[str] = "points.redeemed.v1"


@wire
class PointsReturned(PointsEntry):
    """Points of a redemption that came to nothing went back."""

    type_name: ClassVar[str] = "points.returned.v1"


@wire
class PointsExpired(PointsEntry):
    """Points reached their date unspent."""

    type_name: ClassVar[str] = "points.expired.v1"


@wire
class PointsAdjusted(PointsEntry):
    """Staff corrected a balance."""

    type_name: ClassVar[str] = "points.adjusted.v1"


ENTRY_TYPES: tuple[type[PointsEntry], ...] = (
    PointsEarned,
    PointsReversed,
    PointsRedeemed,
    PointsReturned,
    PointsExpired,
    PointsAdjusted,
)
