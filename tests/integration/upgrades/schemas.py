"""Databases of an older schema, and migrations of a release that is yet to come."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from jifen.stack.migrations import FOLDER, migrate
from tests.support.databases import Database, PostgresHandle

_POST = """
SELECT pg_get_functiondef(p.oid) FROM pg_proc AS p
WHERE p.pronamespace = 'ledger'::regnamespace AND p.proname = 'post'
"""
_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) AS name
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('public', 'information_schema')
    AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY name
"""
# Each in a transaction of its own: one that waits for a second table holds up a batch that has
# locked that one and waits for the first.
_COLUMN = "ALTER TABLE {table} ADD COLUMN of_later text"
_TABLE = """
CREATE TABLE earn.of_later (member_id text COLLATE "C" PRIMARY KEY);
GRANT SELECT, INSERT ON earn.of_later TO jifen_earn
"""
_INDEX = "CREATE INDEX CONCURRENTLY entry_of_later ON ledger.entry (posted_at)"
_FILE = """-- migrate:up{options}
{limit}{statement};

-- migrate:down
"""


def newest() -> str:
    """Return the number of the newest migration."""
    return max(path.name for path in FOLDER.glob("*.sql")).partition("_")[0]


def before(version: str, folder: Path) -> Path:
    """Copy the migrations that came before one."""
    folder.mkdir()
    for path in FOLDER.glob("*.sql"):
        if path.name < version:
            shutil.copy(path, folder)
    return folder


@asynccontextmanager
async def database_of(postgres: PostgresHandle, folder: Path) -> AsyncIterator[Database]:
    """Make a database with the migrations of a folder alone."""
    # The roles and their passwords, which belong to the server, come with the template.
    await postgres.template()
    name = f"jifen_older_{secrets.token_hex(6)}"
    await asyncio.to_thread(migrate, postgres.dsn(name), folder)
    try:
        yield Database(name=name, server=postgres)
    finally:
        await postgres._drop(name)


async def expand(database: Database, folder: Path) -> None:
    """Apply a next release: a column in each table, a table, a function, an index."""
    shutil.copytree(FOLDER, folder)
    connection = await asyncpg.connect(database.dsn())
    try:
        tables = [row["name"] for row in await connection.fetch(_TABLES)]
        post = await connection.fetchval(_POST)
    finally:
        await connection.close()
    changed = post.replace("\nBEGIN\n", "\nBEGIN\n    -- Of a later release.\n", 1)
    assert changed != post
    columns = [_COLUMN.format(table=table) for table in tables]
    for number, statement in enumerate([*columns, _TABLE, changed], 9001):
        text = _FILE.format(options="", limit="SET lock_timeout = '5s';\n", statement=statement)
        folder.joinpath(f"{number}_expand.sql").write_text(text)
    index = _FILE.format(options=" transaction:false", limit="", statement=_INDEX)
    folder.joinpath("9999_index.sql").write_text(index)
    await asyncio.to_thread(migrate, database.dsn(), folder)
