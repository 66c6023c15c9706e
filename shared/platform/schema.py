"""Which schema this code was written for, and whether a database is that far."""

from typing import Final, TypeAlias, Union

import asyncpg

from shared.platform.postgres import Connection, PooledConnection
from shared.platform.sql import load_statements

NEEDED: Final = "0013"
"""The newest of deploy/migrations: raised together with it. A later one changes nothing for us."""

# Both are strings to the interpreter, which `|` does not join.
Session: TypeAlias = Union[Connection, PooledConnection]  # noqa: UP007

_SQL: Final = load_statements("shared.platform")


class SchemaTooOldError(Exception):
    """The database lacks migrations that this code relies on; it is up to `jifen migrate`."""


async def check_schema(connection: Session) -> None:
    """Raise SchemaTooOldError where the schema is older than this code, saying which is which."""
    try:
        found = await connection.fetchval(_SQL["schema_version"])
    except asyncpg.UndefinedTableError:
        found = None
    if found is None or found < NEEDED:
        raise SchemaTooOldError(
            f"expected migration {NEEDED} or a later one, found {found or 'one before 0012'}:"
            " run `jifen migrate`"
        )
