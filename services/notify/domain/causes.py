"""Causes of messages: what happened in the world, never the record that told of it. Pure."""

from datetime import date

from shared.contract.redemption_events import RedemptionStatus
from shared.ledger.entries import Cause


def reminded(expires_on: date, stage: int) -> Cause:
    """Name the reminder of a date, so many days before."""
    return Cause(f"expiry/{expires_on}/reminder/{stage}")


def expired(entry_cause: str) -> Cause:
    """Name an expiry as the ledger does: `expiry/<date>/<n>`."""
    return Cause(entry_cause)


def moved(redemption: RedemptionStatus) -> Cause:
    """Name a status that a redemption came to; it comes to each one once."""
    return Cause(f"redemption/{redemption.redemption_id}/{status_of(redemption)}")


def status_of(redemption: RedemptionStatus) -> str:
    """Return the status in the name of an event's type."""
    return redemption.type_name.split(".")[1]
