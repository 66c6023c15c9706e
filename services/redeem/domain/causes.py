"""The causes of redeem: what each command says happened, by a name that never changes."""

from shared.ledger.entries import Cause, MemberId


def reserved(redemption_id: str) -> Cause:
    """Name the request for a reward."""
    return Cause(f"redemption/{redemption_id}/reserve")


def confirmed(redemption_id: str) -> Cause:
    """Name the member's second consent."""
    return Cause(f"redemption/{redemption_id}/confirm")


def cancelled(redemption_id: str) -> Cause:
    """Name the wish to give a redemption up."""
    return Cause(f"redemption/{redemption_id}/cancel")


def returned(redemption_id: str) -> Cause:
    """Name the return of its points, for whatever reason: they return once."""
    return Cause(f"redemption/{redemption_id}/return")


def released(redemption_id: str) -> Cause:
    """Name the end of a reservation's time; nothing is ever recorded under it."""
    return Cause(f"redemption/{redemption_id}/release")


def sent(redemption_id: str) -> Cause:
    """Name the parcel's departure."""
    return Cause(f"redemption/{redemption_id}/ship")


def delivered(redemption_id: str) -> Cause:
    """Name the parcel's arrival."""
    return Cause(f"redemption/{redemption_id}/deliver")


def request_of(member_id: MemberId, redemption_id: str) -> Cause:
    """Name what comes of a request, for those who wait: ids are unique within a member alone."""
    return Cause(f"{member_id}/{reserved(redemption_id)}")


def reservations_of(member_id: MemberId) -> Cause:
    """Name what becomes of any reservation of a member, by whatever is told or by time."""
    return Cause(f"{member_id}/reservations")
