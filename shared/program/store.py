"""Revisions in the database: read by every batch, applied by an operator."""

from datetime import datetime

from shared.platform.postgres import Connection
from shared.platform.sql import load_statements
from shared.program.load import default_text, parse
from shared.program.revisions import BEGINNING, LEAD, Revision, Revisions, objections

_SQL = load_statements("shared.program")


class RevisionRefusedError(ValueError):
    """A program may not be applied so; `objections` say what is needed and what is there."""

    def __init__(self, objections: tuple[str, ...]) -> None:
        self.objections = objections
        super().__init__("\n".join(objections))


async def read_newer(connection: Connection, after: int) -> tuple[Revision, ...]:
    """Read the revisions with numbers above `after`, ascending.

    A batch calls it in the transaction that posts its entries: `apply` waits for such
    transactions, so that none posts by rules it has not seen.
    """
    rows = await connection.fetch(_SQL["read_newer"], after)
    return tuple(
        [
            Revision(number=number, effective_at=_aware(effective_at), program=parse(document))
            for number, effective_at, document in rows
        ]
    )


async def caught_up(connection: Connection, revisions: Revisions) -> Revisions:
    """Return the revisions there are now; the known ones are read again only where one is gone.

    A restore takes the newest away, and the next one applied has its number. Call it as
    `read_newer`.
    """
    last = revisions.last
    if last is not None:
        effective_at = await connection.fetchval(_SQL["effective_at"], last.number)
        if effective_at is not None and _aware(effective_at) == last.effective_at:
            return revisions.with_newer(await read_newer(connection, last.number))
    return Revisions(await read_newer(connection, 0))


async def seed(connection: Connection, *, by: str, document: str | None = None) -> None:
    """Make revision 1, in force from the beginning of time, unless there is one already.

    Without a document it is the default program. Raises ProgramError.
    """
    text = default_text() if document is None else document
    parse(text)
    await connection.execute(_SQL["seed"], text, by)


async def apply(
    connection: Connection, document: str, *, by: str, at: datetime | None = None
) -> Revision:
    """Make a document the next revision, in force from `at`, without `at` as soon as it may be.

    Needs revision 1 to be there, and the owner's rights. Raises ProgramError for the document,
    RevisionRefusedError for its time or zone.
    """
    program = parse(document)
    async with connection.transaction():
        await connection.execute(_SQL["lock_revisions"])
        revisions = Revisions(await read_newer(connection, 0))
        ground = await connection.fetchrow(_SQL["read_ground"])
        if ground is None or revisions.newest == 0:
            raise RevisionRefusedError(("revision 1: expected it to be there, found none",))
        now: datetime = ground["now"]
        effective_at = now + LEAD if at is None else at
        refused = objections(
            revisions, program, at=effective_at, now=now, has_entries=ground["has_entries"]
        )
        if refused:
            raise RevisionRefusedError(refused)
        number = revisions.newest + 1
        await connection.execute(_SQL["append"], number, effective_at, document, by)
    return Revision(number=number, effective_at=effective_at, program=program)


def _aware(effective_at: datetime) -> datetime:
    """Read `-infinity`, which the driver returns without a zone, as the beginning of time."""
    return BEGINNING if effective_at.tzinfo is None else effective_at
