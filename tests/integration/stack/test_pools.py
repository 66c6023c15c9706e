"""A pool's connection is as good as new for whoever has it next, at no round trip."""

import asyncpg
import pytest

from shared.platform import postgres
from shared.platform.postgres import Pool
from shared.platform.settings import DatabaseSettings
from tests.support.databases import Database

pytestmark = pytest.mark.integration


def pool_of_one(database: Database) -> Pool:
    settings = DatabaseSettings.model_validate({"url": database.dsn("jifen_mall")})
    return postgres.create_pool(settings, application_name="one", max_size=1)


async def test_a_transaction_left_open_is_over(database: Database) -> None:
    async with pool_of_one(database) as pool:
        async with pool.acquire() as connection:
            await connection.execute("BEGIN")
        async with pool.acquire() as connection:
            assert not connection.is_in_transaction()
        # What came first of a transaction would be shown to all who read in it.
        first = await pool.fetchval("SELECT now()")
        assert await pool.fetchval("SELECT now()") > first


async def test_giving_a_connection_back_asks_the_server_nothing(database: Database) -> None:
    owner = await asyncpg.connect(database.dsn())
    try:
        async with pool_of_one(database) as pool:
            await pool.fetchval("SELECT 42")
            shown = "SELECT query FROM pg_stat_activity WHERE application_name = 'one'"
            assert await owner.fetchval(shown) == "SELECT 42"
    finally:
        await owner.close()
