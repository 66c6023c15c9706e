"""A column that is added changes no prepared statement: what it gives is named, never a `*`.

PostgreSQL refuses to run a prepared statement whose columns changed, and a batch with it.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from jifen.stack.roles import SERVICE_ROLES
from tests.integration.ledger.desk import connected
from tests.integration.test_statements import statements
from tests.integration.upgrades.schemas import expand
from tests.support.databases import Database

pytestmark = pytest.mark.integration

Columns = Mapping[tuple[str, str], list[str]]


async def test_statements_give_the_same_columns_of_tables_that_grew(
    database: Database, tmp_path: Path
) -> None:
    before = await columns(database)
    assert any(names for names in before.values())
    await expand(database, tmp_path / "newer")
    assert await columns(database) == before


async def columns(database: Database) -> Columns:
    """Ask what each statement of a service gives, by its name and who runs it."""
    found = {}
    async with AsyncExitStack() as stack:
        sessions = {
            role: await stack.enter_async_context(connected(database, role))
            for role in SERVICE_ROLES
        }
        for name, sql, role in statements():
            if role is not None and role in sessions:
                prepared = await sessions[role].prepare(sql)
                found[name, role] = [one.name for one in prepared.get_attributes()]
    return found
