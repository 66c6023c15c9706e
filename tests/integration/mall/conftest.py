"""A mall over a database of its own."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from prometheus_client import CollectorRegistry

from services.mall.app import make_app
from services.mall.store import MallStore
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.settings import DatabaseSettings
from tests.support.databases import Database
from tests.support.tokens import bearer, verifier


@pytest.fixture
async def owner(database: Database) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection that may write what the mall reads."""
    connection = await asyncpg.connect(database.dsn())
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def mall(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a mall that has the mall's own role; it may ask about any member."""
    settings = DatabaseSettings.model_validate({"url": database.dsn("jifen_mall")})
    metrics = Metrics(CollectorRegistry(), "mall")
    async with create_pool(settings, application_name="jifen-mall", max_size=4) as pool:
        store = MallStore(pool, metrics)
        app = make_app(store, Readiness({"database": store.check}), metrics, verifier())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://mall", headers=bearer("service")
        ) as client:
            yield client
