"""A password in a file is read for each connection, so that it can change under a process."""

from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from pydantic import SecretStr

from shared.platform import postgres
from shared.platform.settings import DatabaseSettings
from tests.support.databases import Database

pytestmark = pytest.mark.integration


async def test_what_the_file_holds_now_counts(database: Database, tmp_path: Path) -> None:
    parts = urlsplit(database.dsn("jifen_mall"))
    file = tmp_path / "password"
    file.write_text("yesterday's\n")
    settings = DatabaseSettings(
        url=SecretStr(parts._replace(netloc=f"jifen_mall@{parts.hostname}:{parts.port}").geturl()),
        password_file=file,
    )
    pool = postgres.create_pool(settings, application_name="test", max_size=1)
    async with pool:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await pool.acquire()
        file.write_text(f"{parts.password}\n")
        assert await pool.fetchval("SELECT current_user") == "jifen_mall"
    connection = await postgres.connect(settings, application_name="test")
    await postgres.close(connection)
