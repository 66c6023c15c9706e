"""What the audit keeps: how far its round is, and who is wrong."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from shared.ledger.audit import AFTER_ALL, SESSION, Page, Wrong
from shared.platform.leader import Lock
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements

SESSION_SETTINGS: Final = {
    **SESSION,
    # It may write nothing but its own notes: its role's rights see to that.
    "default_transaction_read_only": "off",
    # The process is stopped, its machine alive: another takes over.
    "idle_session_timeout": "15000",
}

LEADER: Final = Lock(0x6A696661, 1)
"""The lock of the one that reads: "jifa" in ASCII, a class nobody else of this database uses."""

MOST_WRONG: Final = 1_000
"""Beyond so many wrong members their number changes nothing for anybody."""

_ROUNDS: Final = 1_000
_MOST_POINTS: Final = 10**18
_MOST_OUTBOX_ROWS: Final = 1_000

_SQL: Final = load_statements("services.audit")


class Place(NamedTuple):
    """How far a round is."""

    round_id: int
    after: str


class Progress(NamedTuple):
    """What a round has come to."""

    members: int
    entries: int
    skipped: int


class New(NamedTuple):
    """A wrong member that was not known, or of whom something else is wrong now."""

    member_id: str
    problem: str
    is_new: bool
    chain_broke: bool


class Sums(NamedTuple):
    """What a check found: how many points are off, of how many members."""

    points: int
    members: int


class Round(NamedTuple):
    """A round that went through all members; `finished_at` in seconds since 1970."""

    finished_at: float
    entries: int
    skipped: int
    liability_points: int
    debt_points: int


async def find_place(connection: Connection, pause_seconds: float) -> Place | None:
    """Return where the round is, a new one after a pause; None where none is due."""
    await connection.execute(_SQL["begin_round"], pause_seconds)
    row = await connection.fetchrow(_SQL["open_round"])
    return None if row is None else Place(*row)


async def advance(
    connection: Connection, place: Place, upto: str, page: Page, *, skipped: int = 0
) -> Progress | None:
    """Move a round on by a page; None where it is not at `place` any more."""
    row = await connection.fetchrow(
        _SQL["advance"],
        *place,
        upto,
        page.members,
        page.entries,
        page.liability,
        page.debt,
        skipped,
        upto == AFTER_ALL,
    )
    if upto == AFTER_ALL:
        await connection.execute(_SQL["forget_rounds"], place.round_id, _ROUNDS)
    return None if row is None else Progress(*row)


async def keep_wrong(
    connection: Connection, after: str, upto: str, wrong: Sequence[Wrong]
) -> list[New]:
    """Keep who is wrong of the members after one up to another, and none else of these."""
    told = orjson.dumps([_row(one) for one in wrong])
    rows = await connection.fetch(_SQL["keep_wrong"], after, upto, told, MOST_WRONG)
    return [New(*row) for row in rows if row["is_new"] or row["chain_broke"]]


def _row(wrong: Wrong) -> dict[str, object]:
    return {
        "member_id": wrong.finding.member_id,
        "checks": sorted(wrong.checks),
        "member_balance": min(wrong.member_balance, _MOST_POINTS),
        "lot_remaining": min(wrong.lot_remaining, _MOST_POINTS),
        "double_entry": min(wrong.double_entry, _MOST_POINTS),
        "problem": wrong.finding.problem,
    }


async def wrong_members(connection: Connection, limit: int) -> list[str]:
    """Name members who were wrong when last looked at, longest ago first."""
    return [row["member_id"] for row in await connection.fetch(_SQL["wrong_members"], limit)]


async def read_wrong(connection: Connection) -> dict[str, Sums]:
    """Add up what is wrong, by check; a check that finds nothing is left out."""
    return {name: Sums(*sums) for name, *sums in await connection.fetch(_SQL["wrong_sums"])}


async def read_outbox(connection: Connection) -> tuple[Sums, float]:
    """Hold what waits in the outbox against the ledger; and say when that was."""
    ((points, members, at),) = await connection.fetch(_SQL["outbox"], _MOST_OUTBOX_ROWS)
    return Sums(points, members), at


async def read_last_round(connection: Connection) -> Round | None:
    """Read the last round that went through all members."""
    row = await connection.fetchrow(_SQL["last_round"])
    return None if row is None else Round(*row)
