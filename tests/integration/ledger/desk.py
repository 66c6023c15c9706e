"""Lives that are posted: what the services do with books, and how the tables look after it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import NamedTuple

from pydantic import SecretStr

from shared.ledger import store
from shared.ledger.audit import SESSION, SQL, Audit, verify
from shared.ledger.entries import MemberId
from shared.ledger.store import Books
from shared.platform import postgres
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from tests.support.databases import Database
from tests.unit.ledger.lives import Life, Step

TABLES = ("ledger.account", "ledger.lot", "ledger.entry", "messaging.outbox")
ADDING = frozenset({"credit", "note", "sweep"})
ACTS: tuple[Step, ...] = (
    Step(days=0, act="credit", points=40, due_in=(4, None), policy="debt", pick=0),
    Step(days=1, act="spend", points=45, due_in=(), policy="debt", pick=0),
    Step(days=0, act="note", points=0, due_in=(), policy="debt", pick=0),
    Step(days=0, act="give back", points=0, due_in=(), policy="debt", pick=0),
    Step(days=5, act="take back", points=30, due_in=(), policy="debt", pick=0),
    Step(days=0, act="credit", points=7, due_in=(9,), policy="debt", pick=0),
)


class Standing(NamedTuple):
    """What the tables say of one member, as the specification would."""

    balance: int
    lots: dict[object, tuple[int, int, int, int]]
    entries: list[tuple[object, ...]]


async def connect(
    database: Database, role: str | None = "jifen_earn", **settings: str
) -> Connection:
    return await postgres.connect(
        DatabaseSettings(url=SecretStr(database.dsn(role))),
        application_name="test",
        server_settings={"enable_seqscan": "off", **settings},
    )


@asynccontextmanager
async def connected(
    database: Database, role: str | None = "jifen_earn"
) -> AsyncIterator[Connection]:
    connection = await connect(database, role)
    try:
        yield connection
    finally:
        await connection.close()


async def take(
    connection: Connection,
    members: Sequence[MemberId],
    *,
    adding: Collection[MemberId] = (),
    today: date | None = None,
) -> Books:
    """Lock and load, as a batch begins."""
    books = await store.lock(connection, members, members)
    await store.load(connection, books, [], adding=adding, today=today)
    return books


async def live(
    connection: Connection, lives: Mapping[MemberId, Life], acts: Sequence[tuple[MemberId, Step]]
) -> None:
    """Live a batch: one transaction over the books of those who act.

    Of those to whom it only adds, lots of days to come are not loaded, as services do.
    """
    members = [*dict.fromkeys(member for member, _ in acts)]
    adding = set(members) - {member for member, step in acts if step.act not in ADDING}
    days = timedelta(days=sum(step.days for _, step in acts))
    today = max(lives[member].today for member in members) + days
    async with connection.transaction():
        books = await take(connection, members, adding=adding, today=today)
        for member, step in acts:
            lives[member].live(books[member], step)
        await store.post(connection, books.values())


async def fill(connection: Connection, *names: str) -> None:
    """Give each member the same seven entries, the fifth of which expires a lot."""
    for name in names:
        member = MemberId(name)
        lives = {member: Life()}
        for step in ACTS:
            await live(connection, lives, [(member, step)])


async def standing(connection: Connection, member: str) -> Standing:
    balance = await connection.fetchval(
        "SELECT balance FROM ledger.account WHERE member_id = $1", member
    )
    lots = await connection.fetch("SELECT * FROM ledger.lot WHERE member_id = $1", member)
    entries = await connection.fetch(
        "SELECT * FROM ledger.entry WHERE member_id = $1 ORDER BY seq", member
    )
    return Standing(
        balance or 0,
        {
            row["expires_on"]: (
                row["points"],
                row["expired"],
                row["forgiven"],
                row["times_expired"],
            )
            for row in lots
            if row["points"] or row["expired"]
        },
        [
            (
                row["cause"],
                row["kind"],
                row["points"],
                row["balance"],
                tuple(zip(row["lot_dates"], row["lot_points"], strict=True)),
            )
            for row in entries
        ],
    )


def expected(life: Life) -> Standing:
    account = life.account
    return Standing(
        account.balance,
        {
            day: (lot.points, lot.expired, lot.forgiven, lot.times_expired)
            for day, lot in account.lots.items()
            if lot.points or lot.expired
        },
        [tuple(entry[:5]) for entry in account.entries],
    )


async def everything(connection: Connection) -> list[list[str]]:
    """Read all the ledger holds, to see whether anything changed."""
    return [
        [row[0] for row in await connection.fetch(f"SELECT t::text FROM {table} AS t ORDER BY 1")]  # noqa: S608
        for table in TABLES
    ]


async def audited(
    database: Database, *, pace: int | None = None, statement: str = SQL["check_page"]
) -> Audit:
    return await verify(lambda: connect(database, None, **SESSION), pace=pace, statement=statement)
