"""The ledger's rows: accounts are locked and loaded as books, and books are posted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import orjson

from shared.ledger.book import Book
from shared.ledger.entries import Cause, Entry, MemberId
from shared.ledger.hash import date_text
from shared.ledger.lots import Lot, Lots
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements

SQL: Final = load_statements("shared.ledger")

Books = dict[MemberId, Book]


async def lock(
    connection: Connection, members: Sequence[MemberId], may_open: Sequence[MemberId]
) -> Books:
    """Lock the members' accounts, opening those in `may_open` that are missing.

    Members without an account that may not be opened are absent from the result.
    """
    if not members:
        return {}
    rows = await connection.fetch(SQL["lock_accounts"], members[0], may_open, members)
    return {
        MemberId(row["member_id"]): Book(
            member_id=MemberId(row["member_id"]),
            balance=row["balance"],
            seq=row["seq"],
            head=row["head_hash"],
            posted_at=row["posted_at"],
            lots=Lots(),
        )
        for row in rows
    }


async def read_clock(connection: Connection) -> datetime:
    """Read the database's clock; call it after the locks are held."""
    now: datetime = await connection.fetchval(SQL["clock"])
    return now


async def load(
    connection: Connection, books: Books, causes: Iterable[tuple[MemberId, Cause]]
) -> None:
    """Load lots of locked members, and which of the causes were told before."""
    for row in await connection.fetch(SQL["load_lots"], list(books)):
        books[row["member_id"]].lots[row["expires_on"]] = Lot(
            row["points"], row["expired"], row["forgiven"], row["times_expired"]
        )
    members, told = [], []
    for member_id, cause in causes:
        members.append(member_id)
        told.append(cause)
    for row in await connection.fetch(SQL["find_causes"], members, told):
        known = books[row["member_id"]].known
        known[Cause(row["cause"])] = (row["seq"], row["fingerprint"])


async def post(connection: Connection, books: Iterable[Book]) -> int:
    """Write what the books posted; return how many entries.

    Raises asyncpg.SerializationError where another writer moved an account meanwhile (load and
    decide again), asyncpg.CheckViolationError where the posting does not add up (a bug).
    """
    changed = [book for book in books if book.entries]
    if not changed:
        return 0
    posted: int = await connection.fetchval(
        SQL["post"],
        changed[0].member_id,
        orjson.dumps([_account(book) for book in changed]),
        orjson.dumps([_row(book.member_id, entry) for book in changed for entry in book.entries]),
        orjson.dumps(_forgiven(changed)),
    )
    return posted


def _account(book: Book) -> Mapping[str, object]:
    return {
        "member_id": book.member_id,
        "seq": book.seq - len(book.entries),
        "head_hash": _hex(book.loaded_head),
    }


def _forgiven(books: Sequence[Book]) -> Sequence[Mapping[str, object]]:
    return [
        {"member_id": book.member_id, "expires_on": date_text(day), "points": points}
        for book in books
        for day, points in book.forgiven.items()
    ]


def _row(member_id: MemberId, entry: Entry) -> Mapping[str, object]:
    line = entry.line
    told = line.telling
    return {
        "member_id": member_id,
        "seq": line.seq,
        "cause": told.cause,
        "fingerprint": _hex(told.fingerprint),
        "kind": line.kind,
        "points": line.points,
        "balance": line.balance,
        "lot_dates": [date_text(move.expires_on) for move in line.moves],
        "lot_points": [move.points for move in line.moves],
        "reason": line.reason.decode(),
        "revision": told.revision,
        "occurred_at": told.occurred_at,
        "posted_at": line.posted_at,
        "hash_version": entry.hash_version,
        "hash": _hex(entry.hash),
        "traceparent": told.traceparent,
    }


def _hex(value: bytes) -> str:
    return "\\x" + value.hex()
