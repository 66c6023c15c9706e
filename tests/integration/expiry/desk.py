"""Members with lots of given dates, a worker and a leader in the test, and what tables say."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from hashlib import sha256

import asyncpg
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.expiry.leader import Leader
from services.expiry.store import SESSION_SETTINGS
from services.expiry.worker import Worker
from shared.ledger import store as ledger
from shared.ledger.book import Today
from shared.ledger.entries import Cause, LotMove, MemberId, Telling
from shared.pipeline.moment import moment_at
from shared.platform import postgres
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import read_newer
from tests.integration.ledger.desk import connected
from tests.support.databases import Database, owner_of
from tests.support.earning import give_program

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""When all lots were earned: no date of a test is before it."""

PAGE = 500

Lots = Sequence[tuple[date, int]]


async def give_lots(database: Database, lots: Mapping[str, Lots]) -> None:
    """Give members lots, as earned long ago; puts the default program in force."""
    await give_program(database)
    async with owner_of(database) as owner:
        today = moment_at(LONG_AGO, Revisions(await read_newer(owner, 0))).today
    async with connected(database) as earn:
        names = sorted(lots)
        for first in range(0, len(names), PAGE):
            some = names[first : first + PAGE]
            await _credit(earn, {MemberId(member): lots[member] for member in some}, today)


async def _credit(earn: Connection, lots: Mapping[MemberId, Lots], today: Today) -> None:
    async with earn.transaction():
        books = await ledger.lock(earn, [*lots], [*lots])
        await ledger.load(earn, books, [])
        for member, book in books.items():
            parts = [LotMove(day, points) for day, points in lots[member]]
            cause = Cause(f"test/{book.seq + 1}")
            told = Telling(cause, sha256(cause.encode()).digest(), today.now, today.revision)
            book.credit(told, "earned", parts, {}, today)
        await ledger.post(earn, books.values())


def settings_of(database: Database) -> DatabaseSettings:
    return DatabaseSettings(url=SecretStr(database.dsn("jifen_expiry")))


class Desk:
    """A leader and a worker that do what is to be done when the test says so."""

    def __init__(self, database: Database, connection: Connection, *, hour: int = 0) -> None:
        self.registry = CollectorRegistry()
        metrics = Metrics(self.registry, "expiry")
        settings = settings_of(database)
        self.connection = connection
        self.leader = Leader(settings, metrics, remind_from_hour=hour)
        self.worker = Worker(settings, metrics, page_target_seconds=60)

    async def tick(self) -> None:
        """Let the leader look at the clock."""
        await self.leader.lead(self.connection)

    async def work(self) -> None:
        """Do all that there is to do by now."""
        await self.tick()
        while await self.worker.work(self.connection):
            pass
        await self.tick()

    def sample(self, name: str, **labels: str) -> float:
        """Read a metric."""
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def open_desk(database: Database, *, hour: int = 0) -> AsyncIterator[Desk]:
    connection = await postgres.connect(
        settings_of(database), application_name="test", server_settings=SESSION_SETTINGS
    )
    try:
        yield Desk(database, connection, hour=hour)
    finally:
        await connection.close()


async def rows(database: Database, statement: str, *arguments: object) -> list[asyncpg.Record]:
    async with owner_of(database) as owner:
        found: list[asyncpg.Record] = await owner.fetch(statement, *arguments)
    return found


async def open_points(database: Database) -> dict[str, dict[date, int]]:
    """Read what members have left, by date."""
    found: dict[str, dict[date, int]] = {}
    for row in await rows(database, "SELECT * FROM ledger.lot WHERE points > 0"):
        found.setdefault(row["member_id"], {})[row["expires_on"]] = row["points"]
    return found


async def expired(database: Database) -> list[tuple[str, str, int]]:
    """Read (member, cause, points) of every expiry."""
    found = await rows(
        database,
        "SELECT member_id, cause, points FROM ledger.entry WHERE kind = 'expired' ORDER BY 1, 2",
    )
    return [(row["member_id"], row["cause"], row["points"]) for row in found]


async def reminders(database: Database) -> list[tuple[str, date, int, int]]:
    """Read (member, date, stage, points) of every reminder."""
    found = await rows(
        database,
        "SELECT member_id, expires_on, stage, points FROM expiry.reminder"
        " ORDER BY planned_at, member_id, expires_on, stage DESC",
    )
    return [tuple(row) for row in found]


async def announced(database: Database) -> list[asyncpg.Record]:
    """Read the reminders in the outbox, in order."""
    return await rows(
        database, "SELECT * FROM messaging.outbox WHERE aggregatetype = 'reminders.v1' ORDER BY id"
    )
