"""The hash chain of a member: each entry's hash covers the one before it.

Version 1 is SHA-256 of

    0x01, previous hash (32 bytes),
    seq, points, balance (8 bytes each, big-endian, signed),
    occurred_at, posted_at (8 bytes each: microseconds since 2000-01-01 UTC),
    revision, cause, fingerprint, kind, lot dates, lot points, reason

where each of the last line is a 4-byte length and that many bytes of UTF-8 text (the fingerprint:
bytes). NULL has the length -1 and nothing after it, so it differs from the empty text. Dates are
ISO 8601 or `infinity`, points decimal, both joined by commas. Before the first entry stands the
genesis hash, SHA-256 of 0x00 and the member's id. Vectors: docs/ledger/hash-vectors.json.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from shared.ledger.entries import NEVER, Line, MemberId

Hasher = Callable[[bytes, Line], bytes]
"""(previous hash, line) -> 32 bytes."""

_NUMBERS: Final = struct.Struct(">qqqqq")
_LENGTH: Final = struct.Struct(">i")
_NULL: Final = _LENGTH.pack(-1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


def genesis(member_id: MemberId) -> bytes:
    """Return the hash a member's chain begins with; it binds the chain to the member."""
    return sha256(b"\x00" + member_id.encode()).digest()


def hash_v1(previous: bytes, line: Line) -> bytes:
    """Hash one line onto the chain (version 1, see the module)."""
    told = line.telling
    return sha256(
        b"".join(
            (
                b"\x01",
                previous,
                _NUMBERS.pack(
                    line.seq,
                    line.points,
                    line.balance,
                    _microseconds(told.occurred_at),
                    _microseconds(line.posted_at),
                ),
                _NULL if told.revision is None else _text(b"%d" % told.revision),
                _text(told.cause.encode()),
                _text(told.fingerprint),
                _text(line.kind.encode()),
                _text(",".join([date_text(move.expires_on) for move in line.moves]).encode()),
                _text(",".join([str(move.points) for move in line.moves]).encode()),
                _text(line.reason),
            )
        )
    ).digest()


HASHERS: Final[Mapping[int, Hasher]] = {1: hash_v1}
CURRENT_VERSION: Final = 1


def date_text(expires_on: object) -> str:
    """Spell a lot's date as the database does: ISO 8601, or `infinity` for never."""
    return "infinity" if expires_on == NEVER else str(expires_on)


def _text(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


def _microseconds(instant: datetime) -> int:
    delta = instant - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
