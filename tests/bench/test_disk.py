"""The disk that rows take, by relation, and what the outbox leaves behind."""

from typing import Final

import pytest

from tests.bench.report import say
from tests.bench.rivals import commands_of, floor
from tests.support.databases import Database, PostgresHandle, owner_of
from tests.support.earning import give_program

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]

PARTS: Final = 5
EVENTS_PER_PART: Final = 50_000
_PAGE: Final = 2_000

_SIZES = """
SELECT
    relid::regclass::text AS name,
    (SELECT reltuples FROM pg_class WHERE oid = relid) AS rows,
    pg_table_size(relid) AS table_bytes,
    pg_indexes_size(relid) AS index_bytes
FROM pg_stat_user_tables
WHERE pg_total_relation_size(relid) > 1000000 OR relid = 'messaging.outbox'::regclass
ORDER BY pg_total_relation_size(relid) DESC
"""
_WAITING = """
SELECT pg_total_relation_size('messaging.outbox') / count(*)::float8 FROM messaging.outbox
"""
_PUBLISHED = """
DELETE FROM messaging.outbox
WHERE id IN (SELECT id FROM messaging.outbox ORDER BY id LIMIT $1)
"""


async def test_disk(postgres: PostgresHandle) -> None:
    async with postgres.database() as database:
        await give_program(database)
        await earn(database, 0)
        async with owner_of(database) as owner:
            waiting: float = await owner.fetchval(_WAITING)
        most = 0
        for part in range(1, PARTS):
            await publish_all(database)
            await earn(database, part)
            most = max(most, await outbox_bytes(database))
        await publish_all(database)
        async with owner_of(database) as owner:
            await owner.execute("ANALYZE")
            sizes = await owner.fetch(_SIZES)
        left = await outbox_bytes(database)
    say("", f"{PARTS * EVENTS_PER_PART:,} orders of two lines; bytes per row: table + indexes")
    for row in sizes:
        rows = max(row["rows"], 1)
        table, index = row["table_bytes"] / rows, row["index_bytes"] / rows
        say(f"{row['name']:<26} {rows:>9,.0f} rows {table:>6,.0f} + {index:,.0f}")
    say(
        f"outbox: {waiting:,.0f} bytes per row that waits; {most / 1e6:,.0f} MB at most with"
        f" {EVENTS_PER_PART:,} waiting now and then, {left / 1e6:,.0f} MB when empty"
    )


async def earn(database: Database, part: int) -> None:
    """Apply orders of this part's members."""
    await floor(database.dsn("jifen_earn"), commands_of(EVENTS_PER_PART, part), part)


async def publish_all(database: Database) -> None:
    """Delete page by page, as the relay does."""
    async with owner_of(database) as owner:
        while await owner.execute(_PUBLISHED, _PAGE) != "DELETE 0":
            pass


async def outbox_bytes(database: Database) -> int:
    async with owner_of(database) as owner:
        size: int = await owner.fetchval("SELECT pg_total_relation_size('messaging.outbox')")
    return size
