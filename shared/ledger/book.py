"""The book: one member's account while a batch is decided. Pure; the store writes what it posted.

Laws it keeps: balance = sum of entries = sum of lots - debt; debt only when no lot is open; no
lot below zero; seq without gaps; every cause once; a refund takes no more than its award gave.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Final, Literal

import orjson

from shared.contract.types import MAX_POINTS
from shared.ledger.entries import Cause, Entry, Kind, Line, LotMove, MemberId, Telling
from shared.ledger.hash import CURRENT_VERSION, HASHERS, genesis
from shared.ledger.lots import Lots

Reason = Mapping[str, object]
"""Why an entry is what it is: JSON-ready, written verbatim."""

REASON_LIMIT_BYTES: Final = 16_384
"""Longer reasons are summarised; the database refuses them."""

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

Shortfall = Literal["debt", "clip"]
"""What becomes of points that are owed but not there: owed on, or forgiven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The moment a batch is decided at: an aware instant, its local day, and local midnights."""

    now: datetime
    day: date
    revision: int | None
    midnight_after: Callable[[date], datetime]
    _expiries: dict[tuple[date, int], tuple[Telling, str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def expiry(self, expires_on: date, times: int) -> tuple[Telling, str]:
        """Tell how a date's expiry is told, and why: the same for all members of a batch."""
        known = self._expiries.get((expires_on, times))
        if known is None:
            cause = Cause(f"expiry/{expires_on}/{times}")
            midnight = self.midnight_after(expires_on)
            telling = Telling(cause, sha256(cause.encode()).digest(), midnight, self.revision)
            reason = _encode({"rule": "expiry", "expires_on": str(expires_on)})
            known = self._expiries[expires_on, times] = telling, reason
        return known


def empty_book(member_id: MemberId) -> "Book":
    """Return the book of an account that was never opened."""
    return Book(
        member_id=member_id,
        balance=0,
        seq=0,
        head=genesis(member_id),
        posted_at=_LONG_AGO,
        lots=Lots(),
    )


class InsufficientPointsError(Exception):
    """A member wants to spend more than is there; reject the command."""

    def __init__(self, *, needs: int, has: int, owes: int) -> None:
        """State what was needed, what was there and what is owed."""
        super().__init__(f"needs {needs} points, has {has}, owes {owes}")
        self.needs, self.has, self.owes = needs, has, owes


@dataclass(slots=True, kw_only=True)
class Book:
    """A member's account: as loaded, plus what this batch posted (`entries`, `forgiven`).

    Due first: each operation that posts first expires what is past its date.
    """

    member_id: MemberId
    balance: int
    seq: int
    head: bytes
    posted_at: datetime
    lots: Lots
    known: dict[Cause, tuple[int, bytes]] = field(default_factory=dict)
    hash_version: int = CURRENT_VERSION
    entries: list[Entry] = field(default_factory=list)
    forgiven: dict[date, int] = field(default_factory=dict)
    loaded_head: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Remember where the chain stood when the account was loaded."""
        self.loaded_head = self.head

    @property
    def debt(self) -> int:
        """Points the member owes; the next earnings repay them first."""
        return max(0, -self.balance)

    def settle(self, today: Today) -> None:
        """Expire every lot whose date has passed, one entry per date, earliest first."""
        for expires_on in self.lots.due(today.day):
            lot = self.lots[expires_on]
            while lot.points:
                # A lot is of many awards, and an entry tells no more than one may be worth.
                points = min(lot.points, MAX_POINTS)
                lot.points -= points
                lot.expired += points
                lot.times_expired += 1
                telling, reason = today.expiry(expires_on, lot.times_expired)
                moves = (LotMove(expires_on, -points),)
                self._post(telling, "expired", -points, moves=moves, reason=reason, today=today)

    def credit(
        self,
        telling: Telling,
        kind: Kind,
        parts: Sequence[LotMove],
        reason: Reason,
        today: Today,
    ) -> None:
        """Add points: debt is repaid from the earliest-dated part, the rest goes to its lots.

        A part whose date has passed expires at once, as an entry of its own.
        """
        self.settle(today)
        owed = debt = self.debt
        moves: list[LotMove] = []
        for expires_on, points in sorted(parts) if len(parts) > 1 else parts:
            repaid = min(owed, points)
            owed -= repaid
            if points > repaid:
                self.lots.add(expires_on, points - repaid)
                moves.append(LotMove(expires_on, points - repaid))
        told = {**reason, "debt_repaid": debt - owed} if debt else reason
        total = sum([points for _, points in parts])
        self._post(telling, kind, total, moves=moves, reason=_encode(told), today=today)
        if parts and min(parts).expires_on < today.day:
            self.settle(today)

    def debit(
        self,
        telling: Telling,
        kind: Kind,
        points: int,
        reason: Reason,
        today: Today,
        *,
        may_owe: bool = False,
    ) -> tuple[LotMove, ...]:
        """Spend points, earliest expiry first, and return the moves that would undo it.

        Where not enough is spendable, what is missing becomes a debt, which no move has, if it
        `may_owe`; else raises InsufficientPointsError, and changes nothing.
        """
        self.settle(today)
        has = max(0, self.balance)
        missing = points - has
        if missing > 0 and not may_owe:
            raise InsufficientPointsError(needs=points, has=has, owes=self.debt)
        moves = self.lots.take(points)
        told = {**reason, "debt_added": missing} if missing > 0 else reason
        self._post(telling, kind, -points, moves=moves, reason=_encode(told), today=today)
        return tuple(LotMove(day, -taken) for day, taken in moves)

    def take_back(
        self,
        telling: Telling,
        points: int,
        awarded_to: date,
        reason: Reason,
        today: Today,
        *,
        shortfall: Shortfall = "debt",
    ) -> None:
        """Take an award back: first what its lot lost to expiry, then that lot, then the others.

        What is still missing becomes a debt, or is forgiven where `shortfall` is clip.
        """
        self.settle(today)
        covered = self.lots.forgive(awarded_to, points)
        moves = self.lots.take(points - covered, first=awarded_to)
        missing = points - covered + sum(move.points for move in moves)
        taken = points - covered - (missing if shortfall == "clip" else 0)
        told: dict[str, object] = dict(reason)
        if covered:
            self.forgiven[awarded_to] = self.forgiven.get(awarded_to, 0) + covered
            told["covered_by_expiry"] = covered
        if missing:
            told["forgiven" if shortfall == "clip" else "debt_added"] = missing
        self._post(telling, "reversed", -taken, moves=moves, reason=_encode(told), today=today)

    def note(self, telling: Telling, kind: Kind, reason: Reason, today: Today) -> None:
        """Leave an entry of 0 points that says why nothing was given or taken."""
        self.settle(today)
        self._post(telling, kind, 0, reason=_encode(reason), today=today)

    def _post(
        self,
        telling: Telling,
        kind: Kind,
        points: int,
        *,
        moves: Sequence[LotMove] = (),
        reason: str,
        today: Today,
    ) -> None:
        self.seq += 1
        self.balance += points
        self.posted_at = max(self.posted_at, today.now)
        line = Line(
            self.seq,
            telling,
            kind,
            points,
            self.balance,
            tuple(moves),
            reason,
            self.posted_at,
        )
        self.head = HASHERS[self.hash_version](self.head, line)
        self.known[telling.cause] = (self.seq, telling.fingerprint)
        self.entries.append(Entry(line, self.hash_version, self.head))


def sum_by_kind(books: Iterable[Book]) -> dict[Kind, int]:
    """Add up the points that what was posted to books moved, whichever way, by kind of entry."""
    sums: dict[Kind, int] = {}
    for book in books:
        for entry in book.entries:
            line = entry.line
            sums[line.kind] = sums.get(line.kind, 0) + abs(line.points)
    return sums


def _encode(reason: Reason) -> str:
    encoded = orjson.dumps(reason)
    if len(encoded) > REASON_LIMIT_BYTES:
        short = {name: value for name, value in reason.items() if isinstance(value, str | int)}
        encoded = orjson.dumps({**short, "summarised": True})
    # As text: the encoder's buffer is generous, and one kept per entry costs more than a copy.
    return encoded.decode()
