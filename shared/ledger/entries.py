"""The words of the ledger: kinds, causes, entries."""

from datetime import date, datetime
from typing import Final, Literal, NamedTuple, NewType

MemberId = NewType("MemberId", str)
Cause = NewType("Cause", str)
"""What happened in the world, e.g. `order/A1/paid`; unique per member, for ever."""

Kind = Literal["earned", "reversed", "redeemed", "returned", "expired", "adjusted"]

NEVER: Final = date.max
"""The date of a lot that never expires; `infinity` in the database, null on the wire."""


class Telling(NamedTuple):
    """One claim that something happened: what, and a fingerprint of how it was told.

    `fingerprint` is 32 bytes; `occurred_at` is aware; `revision` is the program's in force then.
    """

    cause: Cause
    fingerprint: bytes
    occurred_at: datetime
    revision: int | None
    traceparent: str | None = None


class LotMove(NamedTuple):
    """A part of an entry: so many points (signed) in or out of the lot of that date."""

    expires_on: date
    points: int


class Line(NamedTuple):
    """What an entry says; its hash covers all of it.

    `points` is signed; `balance` is the one after it; `reason` is JSON, at most 16 KB.
    """

    seq: int
    telling: Telling
    kind: Kind
    points: int
    balance: int
    moves: tuple[LotMove, ...]
    reason: str
    posted_at: datetime


class Entry(NamedTuple):
    """One line of a member's ledger on its chain; never changed, never deleted."""

    line: Line
    hash_version: int
    hash: bytes
