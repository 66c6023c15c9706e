"""One database per test, cloned from a template to which every migration was applied."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from jifen.stack.migrations import migrate
from jifen.stack.roles import SERVICE_ROLES, as_role, let_in
from shared.platform.postgres import Connection, set_codecs

_MAINTENANCE = "postgres"
_CALLED = "SELECT schemaname || '.' || funcname AS name FROM pg_stat_user_functions"
# Functions in plain SQL are often inlined into the statement, and are then not counted.
_LEDGER_FUNCTIONS = """
    SELECT n.nspname || '.' || p.proname AS name
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
    WHERE n.nspname = 'ledger' AND l.lanname = 'plpgsql'
"""


@dataclass(kw_only=True, slots=True)
class PostgresHandle:
    """A server that tests share, and what it saw of them."""

    owner_url: str
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    deadlocks: int = 0
    functions_called: set[str] = field(default_factory=set)
    _template: str | None = None
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    def dsn(self, database: str = _MAINTENANCE, role: str | None = None) -> str:
        """Return the URL of a database, for its owner or for a role such as `jifen_earn`."""
        url = urlunsplit(urlsplit(self.owner_url)._replace(path=f"/{database}"))
        return url if role is None else as_role(url, role, self.password)

    async def template(self) -> str:
        """Return the name of the migrated database that tests are cloned from."""
        async with self._making:
            if self._template is None:
                name = _fresh_name("template")
                await asyncio.to_thread(migrate, self.dsn(name))
                async with self._connected(_MAINTENANCE) as connection:
                    await let_in(connection, dict.fromkeys(SERVICE_ROLES, self.password))
                self._template = name
        return self._template

    @asynccontextmanager
    async def database(self) -> AsyncIterator["Database"]:
        """Make a database that lives as long as the context."""
        template, name = await self.template(), _fresh_name("t")
        async with self._connected(_MAINTENANCE) as connection:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield Database(name=name, server=self)
        finally:
            await self._drop(name)

    async def ledger_functions(self) -> set[str]:
        """Return the names of the functions that guard the ledger."""
        async with self._connected(await self.template()) as connection:
            rows = await connection.fetch(_LEDGER_FUNCTIONS)
        return {row["name"] for row in rows}

    async def forget(self) -> None:
        """Drop the template: a server that is not ours is left as it was, but for its roles."""
        if self._template is not None:
            await self._drop(self._template)

    async def _drop(self, name: str) -> None:
        """Drop a database after reading its statistics, which go with it."""
        async with self._connected(name) as connection:
            called = await connection.fetch(_CALLED)
        self.functions_called.update(row["name"] for row in called)
        async with self._connected(_MAINTENANCE) as connection:
            self.deadlocks += await connection.fetchval(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = $1", name
            )
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @asynccontextmanager
    async def _connected(self, database: str) -> AsyncIterator["asyncpg.Connection"]:
        connection = await asyncpg.connect(self.dsn(database))
        try:
            yield connection
        finally:
            await connection.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """One test's database."""

    name: str
    server: PostgresHandle

    def dsn(self, role: str | None = None) -> str:
        """Return its URL, for its owner or for a role such as `jifen_earn`."""
        return self.server.dsn(self.name, role)


@asynccontextmanager
async def owner_of(database: Database) -> AsyncIterator[Connection]:
    """Yield a connection of the database's owner, with the codecs that services have."""
    connection = await asyncpg.connect(database.dsn(), timeout=30)
    try:
        await set_codecs(connection)
        yield connection
    finally:
        await connection.close()


def _fresh_name(kind: str) -> str:
    return f"jifen_{kind}_{secrets.token_hex(6)}"
