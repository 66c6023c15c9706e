"""python -m shared.ledger.vectors [--check] FILE: write vectors of the hash chain, or compare."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson

from shared.ledger.entries import NEVER, Cause, Line, LotMove, MemberId, Telling
from shared.ledger.hash import HASHERS, date_text, genesis
from shared.platform.generated import keep

_MORNING: Final = datetime(2026, 1, 31, 1, 30, 0, 1, UTC)
_PURCHASE: Final = '{"rule":"purchase","base_minor":12345,"note":"茶 \U0001f9cb"}'

# Each entry is one corner: none and several lots, never, debt, no revision, other scripts, times
# with and without microseconds and before 2000.
_LINES: Final = (
    Line(
        1,
        Telling(Cause("order/A1/paid"), sha256(b"paid").digest(), _MORNING, 7),
        "earned",
        123,
        123,
        (LotMove(date(2027, 1, 31), 123),),
        _PURCHASE,
        _MORNING,
    ),
    Line(
        2,
        Telling(Cause("share/click/bob/2026-01-31"), bytes(32), _MORNING, None),
        "earned",
        5,
        128,
        (LotMove(NEVER, 5),),
        "{}",
        datetime(2026, 2, 1, tzinfo=UTC),
    ),
    Line(
        3,
        Telling(
            Cause("order/A1/refund/R:1"),
            sha256(b"refund").digest(),
            datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC),
            0,
        ),
        "reversed",
        -130,
        -2,
        (LotMove(date(2027, 1, 31), -123), LotMove(NEVER, -5)),
        "",
        datetime(2026, 2, 1, tzinfo=UTC),
    ),
    Line(
        4,
        Telling(Cause("check-in/2026-02-02"), b"\xff" * 32, _MORNING, 2**31 - 1),
        "earned",
        0,
        -2,
        (),
        '{"why":"capped"}',
        datetime(9998, 12, 31, 23, 59, 59, 999_999, UTC),
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 1 when --check finds the file missing or changed."""
    parser = argparse.ArgumentParser(prog="python -m shared.ledger.vectors", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    parser.add_argument("file", type=Path, metavar="FILE", help="docs/ledger/hash-vectors.json")
    options = parser.parse_args(arguments)
    return keep({options.file: document()}, check=options.check)


def document() -> str:
    """Return the vectors of every version: chains of entries, as the database's columns."""
    chains = [
        {
            "member_id": member_id,
            "hash_version": version,
            "genesis": genesis(MemberId(member_id)).hex(),
            "entries": list(_chain(MemberId(member_id), version)),
        }
        for version in HASHERS
        for member_id in ("ann", "wx:o6_bmjrPTlm6_2sgVt7hMZOPfL2M")
    ]
    return orjson.dumps(chains, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _chain(member_id: MemberId, version: int) -> Iterator[dict[str, object]]:
    head = genesis(member_id)
    for line in _LINES:
        previous, head = head, HASHERS[version](head, line)
        told = line.telling
        yield {
            "seq": line.seq,
            "cause": told.cause,
            "fingerprint": told.fingerprint.hex(),
            "kind": line.kind,
            "points": line.points,
            "balance": line.balance,
            "lot_dates": [date_text(move.expires_on) for move in line.moves],
            "lot_points": [move.points for move in line.moves],
            "reason": line.reason,
            "revision": told.revision,
            "occurred_at": _instant(told.occurred_at),
            "posted_at": _instant(line.posted_at),
            "previous_hash": previous.hex(),
            "hash": head.hex(),
        }


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


if __name__ == "__main__":
    sys.exit(main())
