"""The ledger's rows: accounts are locked and loaded as books, and books are posted."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from shared.ledger.book import Book
from shared.ledger.entries import Cause, Kind, MemberId
from shared.ledger.hash import dates_text, points_text
from shared.ledger.lots import AddOnlyLots, Lot, Lots
from shared.platform.postgres import Connection, lines
from shared.platform.sql import load_statements

SQL: Final = load_statements("shared.ledger")

Books = dict[MemberId, Book]


class Locked(NamedTuple):
    """Accounts that are locked, and the database's clock, read when all of them were."""

    books: Books
    now: datetime


async def lock(
    connection: Connection, members: Sequence[MemberId], may_open: Sequence[MemberId]
) -> Books:
    """Lock the members' accounts, opening those in `may_open` that are missing.

    Members without an account that may not be opened are absent from the result.
    """
    return (await lock_now(connection, members, may_open)).books


async def lock_now(
    connection: Connection, members: Sequence[MemberId], may_open: Sequence[MemberId]
) -> Locked:
    """Lock the members' accounts as `lock` does, and read the clock under the locks."""
    if not members:
        return Locked({}, await read_clock(connection))
    rows = await connection.fetch(SQL["lock_accounts"], members[0], lines(may_open), lines(members))
    books = {
        member_id: Book(
            member_id=member_id,
            balance=balance,
            seq=seq,
            head=head,
            posted_at=posted_at,
            lots=Lots(),
        )
        for member_id, balance, seq, head, posted_at, _ in rows
        if member_id is not None
    }
    return Locked(books, rows[0]["now"])


async def hold_absent(connection: Connection, members: Sequence[MemberId]) -> bool:
    """Keep members without an account from getting one before the transaction ends.

    Return whether that is certain; an account that is just being opened must be locked anew.
    """
    held: bool = await connection.fetchval(SQL["hold_absent"], members[0], lines(members))
    return held


async def read_clock(connection: Connection) -> datetime:
    """Read the database's clock; call it after the locks are held."""
    now: datetime = await connection.fetchval(SQL["clock"])
    return now


async def load(
    connection: Connection,
    books: Books,
    causes: Iterable[tuple[MemberId, Cause]],
    *,
    adding: Collection[MemberId] = (),
    today: date | None = None,
) -> None:
    """Load lots of locked members, and which of the causes were told before.

    Of members in `adding`, to whom nothing but adding will happen, only the lots from before
    `today`: most members of a batch, and most of their lots. Raises TypeError without that day.
    """
    if adding and today is None:
        raise TypeError("expected the day before which lots of members in `adding` are loaded")
    whole = [member_id for member_id in books if member_id not in adding]
    for member_id in adding:
        books[member_id].lots = AddOnlyLots()
    members, told = [], []
    for member_id, cause in causes:
        members.append(member_id)
        told.append(cause)
    rows = await connection.fetch(
        SQL["load"], lines(whole), lines(adding), today, lines(members), lines(told)
    )
    for member_id, day, points, expired, forgiven, times_expired, known, seq, fingerprint in rows:
        book = books[member_id]
        if known is None:
            book.lots[day] = Lot(points, expired, forgiven, times_expired)
        else:
            book.known[Cause(known)] = (seq, fingerprint)


async def post(connection: Connection, books: Iterable[Book]) -> int:
    """Write what the books posted; return how many entries.

    Raises asyncpg.SerializationError where another writer moved an account meanwhile (load and
    decide again), asyncpg.IntegrityConstraintViolationError where the posting does not add up or
    tells what the ledger has (a bug).
    """
    changed = [book for book in books if book.entries]
    if not changed:
        return 0
    posted: int = await connection.fetchval(
        SQL["post"],
        changed[0].member_id,
        [posting for book in changed for posting in _postings(book)],
        _forgiven(changed),
    )
    return posted


class _Posting(NamedTuple):
    """A row of `ledger.posting`: an entry, its lots as array literals.

    The first of each member says on which head of the chain it was decided.
    """

    member_id: MemberId
    seq: int
    cause: Cause
    fingerprint: bytes
    kind: Kind
    points: int
    balance: int
    lot_dates: str
    lot_points: str
    reason: str
    revision: int | None
    occurred_at: datetime
    posted_at: datetime
    hash_version: int
    hash: bytes
    decided_on: bytes | None
    traceparent: str | None


class _Forgiveness(NamedTuple):
    """A row of `ledger.forgiveness`: points of a refund that expiry had taken already."""

    member_id: MemberId
    expires_on: date
    points: int


def _postings(book: Book) -> Iterator[_Posting]:
    decided_on: bytes | None = book.loaded_head
    for line, hash_version, hashed in book.entries:
        seq, told, kind, points, balance, moves, reason, posted_at = line
        yield _Posting(
            book.member_id,
            seq,
            told.cause,
            told.fingerprint,
            kind,
            points,
            balance,
            f"{{{dates_text(moves)}}}",
            f"{{{points_text(moves)}}}",
            reason,
            told.revision,
            told.occurred_at,
            posted_at,
            hash_version,
            hashed,
            decided_on,
            told.traceparent,
        )
        decided_on = None


def _forgiven(books: Sequence[Book]) -> Sequence[_Forgiveness]:
    return [
        _Forgiveness(book.member_id, day, points)
        for book in books
        for day, points in book.forgiven.items()
    ]
