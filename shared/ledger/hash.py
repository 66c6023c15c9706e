"""The hash chain of a member: each entry's hash covers the one before it.

docs/ledger/hash.md describes version 1 byte by byte; audit.sql is a second implementation of it.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from shared.ledger.entries import NEVER, Line, LotMove, MemberId

Hasher = Callable[[bytes, Line], bytes]
"""(previous hash, line) -> 32 bytes."""

_HEADER: Final = struct.Struct(">B32s6q32s5i")
_NO_REVISION: Final = -(2**63)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


def genesis(member_id: MemberId) -> bytes:
    """Return the hash a member's chain begins with; it binds the chain to the member."""
    return sha256(b"\x00" + member_id.encode()).digest()


def hash_v1(previous: bytes, line: Line) -> bytes:
    """Hash one line onto the chain: a header of fixed size, then the texts it gives lengths of."""
    told = line.telling
    cause, kind = told.cause.encode(), line.kind.encode()
    dates, points = dates_text(line.moves).encode(), points_text(line.moves).encode()
    reason = line.reason.encode()
    header = _HEADER.pack(
        1,
        previous,
        line.seq,
        line.points,
        line.balance,
        _microseconds(told.occurred_at),
        _microseconds(line.posted_at),
        _NO_REVISION if told.revision is None else told.revision,
        told.fingerprint,
        len(cause),
        len(kind),
        len(dates),
        len(points),
        len(reason),
    )
    return sha256(b"".join((header, cause, kind, dates, points, reason))).digest()


HASHERS: Final[Mapping[int, Hasher]] = {1: hash_v1}
CURRENT_VERSION: Final = 1


def dates_text(moves: Sequence[LotMove]) -> str:
    """Spell the dates of lots, joined by commas."""
    return ",".join([date_text(move.expires_on) for move in moves])


def points_text(moves: Sequence[LotMove]) -> str:
    """Spell what was moved in or out of lots, joined by commas."""
    return ",".join([str(move.points) for move in moves])


@lru_cache(maxsize=4096)  # a batch has few dates, and two per entry are spelled
def date_text(expires_on: object) -> str:
    """Spell a lot's date as the database does: ISO 8601, or `infinity` for never."""
    return "infinity" if expires_on == NEVER else str(expires_on)


def _microseconds(instant: datetime) -> int:
    delta = instant - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
