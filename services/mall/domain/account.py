"""A member's account and entries, and which of its points end soon."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from shared.program.dates import NEVER

Stage: TypeAlias = Literal[90, 30, 7, 1]
# How many days before points end they are announced, the last call first.
STAGES: Final[tuple[Stage, ...]] = (1, 7, 30, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Points with the last local day on which they can be spent; None is never."""

    expires_on: date | None
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One member's points. What can be spent is what `lots` sum up to.

    `today` is the local day it is in `zone`, the program's; days of lots are local days too.
    """

    zone: str
    today: date
    balance: int
    spendable: int
    held: int
    debt: int
    lots: tuple[Lot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a member's ledger; `reason` is the JSON text as it was posted."""

    entry_id: str
    seq: int
    cause: str
    kind: str
    points: int
    balance: int
    lots: tuple[Lot, ...]
    reason: str
    revision: int | None
    occurred_at: datetime
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Points that end soon; the stage is the nearest one that was reached."""

    stage: Stage
    expires_on: date
    days_left: int
    points: int


def account_on(
    today: date,
    zone: str,
    *,
    balance: int,
    spendable: int,
    held: int,
    debt: int,
    lots: Sequence[Lot],
) -> Account:
    """Return an account as it is on a local day.

    A lot past its date is not spendable, however late the sweep that expires it; until that
    has posted its entry the lot still is part of the balance.
    """
    due = sum(lot.points for lot in lots if _is_due(lot, today))
    return Account(
        zone=zone,
        today=today,
        balance=balance,
        spendable=spendable - due,
        held=held,
        debt=debt,
        lots=tuple(lot for lot in lots if not _is_due(lot, today)),
    )


def announcements(account: Account) -> tuple[Announcement, ...]:
    """Return what of an account ends within the stages, the next to end first."""
    found = []
    for lot in account.lots:
        if lot.expires_on is None:
            continue
        days_left = (lot.expires_on - account.today).days
        stage = next((stage for stage in STAGES if days_left <= stage), None)
        if stage is not None:
            found.append(
                Announcement(
                    stage=stage, expires_on=lot.expires_on, days_left=days_left, points=lot.points
                )
            )
    return tuple(found)


def make_lots(dates: Sequence[date], points: Sequence[int]) -> tuple[Lot, ...]:
    """Return lots from the database's two arrays."""
    return tuple(
        Lot(expires_on=None if day == NEVER else day, points=amount)
        for day, amount in zip(dates, points, strict=True)
    )


def _is_due(lot: Lot, today: date) -> bool:
    return lot.expires_on is not None and lot.expires_on < today
