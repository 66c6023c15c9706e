"""Imports: what members had in another system, row by row of a file, each once for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.earn.bodies import ConflictBody, ImportedBody, ImportRow, RowValue
from services.earn.posting import Ground, Rules, fingerprint_of
from shared.ledger import store as ledger
from shared.ledger.entries import NEVER, Cause, LotMove, MemberId, Telling
from shared.pipeline.command import Moment
from shared.pipeline.errors import LostRaceError
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements

_SQL: Final = load_statements("services.earn", "operator.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Rows of a batch; `by` is who imports them, by the token."""

    batch: str
    rows: Sequence[ImportRow]
    by: str

    def cause(self, row: ImportRow) -> Cause:
        """Name a row in its member's ledger."""
        return Cause(f"import/{self.batch}/{row.row}")


@dataclass(slots=True, kw_only=True)
class _Sorted:
    """Rows by what is known of them."""

    fresh: list[ImportRow] = field(default_factory=list)
    repeated: int = 0
    conflicts: list[ConflictBody] = field(default_factory=list)


async def import_rows(ground: Ground, rules: Rules, told: Import, *, dry_run: bool) -> ImportedBody:
    """Post the rows that are new, all of them or none; with `dry_run` none in any case.

    Raises LostRaceError where somebody imports the same rows at this moment (ask again),
    NotStartedError, DATABASE_ERRORS.
    """
    async with ground.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            answer = await _import(connection, rules, told)
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.rollback() if dry_run else transaction.commit())
    return answer


async def _import(connection: Connection, rules: Rules, told: Import) -> ImportedBody:
    known = await _known(connection, told)
    found = _sort(told.rows, known)
    points = expired = 0
    if found.fresh:
        members = sorted({MemberId(row.member_id) for row in found.fresh})
        books = await ledger.lock(connection, members, members)
        moment = await rules.moment(connection)
        causes = [(MemberId(row.member_id), told.cause(row)) for row in found.fresh]
        await ledger.load(connection, books, causes)
        await _claim(connection, told.batch, found.fresh)
        for row in sorted(found.fresh, key=lambda row: row.row):
            _post(told, row, books, moment)
            points += row.points
            if row.expires_on is not None and row.expires_on < moment.today.day:
                expired += row.points
        await ledger.post(connection, books.values())
    return ImportedBody(
        posted=len(found.fresh),
        points=points,
        expired=expired,
        repeated=found.repeated,
        conflicts=found.conflicts,
    )


def _sort(rows: Sequence[ImportRow], known: Mapping[int, RowValue]) -> _Sorted:
    found = _Sorted()
    for row in rows:
        expected, got = known.get(row.row), _value(row)
        if expected is None:
            found.fresh.append(row)
        elif expected == got:
            found.repeated += 1
        else:
            found.conflicts.append(ConflictBody(row=row.row, expected=expected, got=got))
    return found


def _post(told: Import, row: ImportRow, books: ledger.Books, moment: Moment) -> None:
    book, today = books[MemberId(row.member_id)], moment.today
    fingerprint = fingerprint_of("import", row.member_id, row.points, row.expires_on)
    telling = Telling(told.cause(row), fingerprint, today.now, today.revision)
    reason = {"rule": "import", "batch": told.batch, "row": row.row, "by": told.by}
    if row.points:
        moves = [LotMove(row.expires_on or NEVER, row.points)]
        book.credit(telling, "adjusted", moves, reason, today)
    else:
        book.note(telling, "adjusted", reason, today)


async def _known(connection: Connection, told: Import) -> dict[int, RowValue]:
    numbers = [row.row for row in told.rows]
    return {
        row["row"]: RowValue(
            member_id=row["member_id"],
            points=row["points"],
            expires_on=None if row["expires_on"] == NEVER else row["expires_on"],
        )
        for row in await connection.fetch(_SQL["find_import_rows"], told.batch, numbers)
    }


async def _claim(connection: Connection, batch: str, rows: Sequence[ImportRow]) -> None:
    kept = await connection.fetch(
        _SQL["keep_import_rows"],
        batch,
        [row.row for row in rows],
        [row.member_id for row in rows],
        [row.points for row in rows],
        [row.expires_on or NEVER for row in rows],
    )
    if len(kept) != len(rows):
        raise LostRaceError(f"somebody else imports rows of {batch} at this moment")


def _value(row: ImportRow) -> RowValue:
    return RowValue(member_id=row.member_id, points=row.points, expires_on=row.expires_on)
