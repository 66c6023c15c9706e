"""Earn's routes over a database of its own, without Kafka."""

from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.earn.app import make_app
from services.earn.counter import Counter
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.settings import DatabaseSettings
from tests.support.databases import Database
from tests.support.earning import give_program
from tests.support.tokens import bearer, verifier

DAILY_POINTS = 1_000


@pytest.fixture
async def earn(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an earn that has earn's own role; it asks as an operator."""
    await give_program(database)
    settings = DatabaseSettings(url=SecretStr(database.dsn("jifen_earn")))
    metrics = Metrics(CollectorRegistry(), "earn")
    async with create_pool(settings, application_name="test", max_size=2) as pool:
        counter = Counter(pool, settings, daily_points=DAILY_POINTS)
        app = make_app(counter, Readiness({}), metrics, verifier())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://earn", headers=bearer("operator", "olga")
        ) as client:
            yield client
