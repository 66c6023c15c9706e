"""What a member sees: accounts, entries, and the cursors that page through them."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.program.dates import NEVER

MAX_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Points with the last local day on which they can be spent; None is never."""

    expires_on: date | None
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One member's points. What can be spent is what `lots` sum up to."""

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


# An account opens with the first thing that happens to a member; until then this is the truth.
UNOPENED = Account(balance=0, spendable=0, held=0, debt=0, lots=())


class CursorError(ValueError):
    """A cursor that this service has not given out."""


def account_on(
    today: date, *, balance: int, spendable: int, held: int, debt: int, lots: Sequence[Lot]
) -> Account:
    """Return an account as it is on a local day.

    A lot past its date is not spendable, however late the sweep that expires it; until that
    has posted its entry the lot still is part of the balance.
    """
    due = sum(lot.points for lot in lots if _is_due(lot, today))
    return Account(
        balance=balance,
        spendable=spendable - due,
        held=held,
        debt=debt,
        lots=tuple(lot for lot in lots if not _is_due(lot, today)),
    )


def _is_due(lot: Lot, today: date) -> bool:
    return lot.expires_on is not None and lot.expires_on < today


def make_lots(dates: Sequence[date], points: Sequence[int]) -> tuple[Lot, ...]:
    """Return lots from the database's two arrays."""
    return tuple(
        Lot(expires_on=None if day == NEVER else day, points=amount)
        for day, amount in zip(dates, points, strict=True)
    )


def encode_cursor(seq: int) -> str:
    """Return the cursor of the page after the entry of this number."""
    return urlsafe_b64encode(f"1:{seq}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """Return the number of the last entry of the page before. Raises CursorError."""
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        text = b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except ValueError as error:
        raise CursorError(cursor) from error
    version, _, number = text.partition(":")
    if version != "1" or not number.isdecimal() or not 0 < int(number[:20]) <= MAX_SEQ:
        raise CursorError(cursor)
    return int(number)
