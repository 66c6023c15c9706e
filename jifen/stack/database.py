"""A database made ready for the services: its schema, their roles, the program that ships."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from jifen.stack.migrations import FOLDER, migrate
from jifen.stack.roles import let_in
from shared.program.store import seed


async def prepare(
    url: str, passwords: Mapping[str, str], *, by: str, migrations: Path = FOLDER
) -> None:
    """Bring a database to the newest schema and let its roles in; done twice, nothing changes.

    The default program is applied where no merchant has stated one before.
    """
    await asyncio.to_thread(migrate, url, migrations)
    connection = await asyncpg.connect(url)
    try:
        await let_in(connection, passwords)
        await seed(connection, by=by)
    finally:
        await connection.close()
