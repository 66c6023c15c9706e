"""A service says that it is not ready on a schema older than itself, and minds no newer one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from jifen.stack.migrations import FOLDER, migrate
from shared.contract.topics import CONSUMED_BY, topics_for
from shared.platform.clock import monotonic
from shared.platform.schema import NEEDED
from tests.integration.consuming.crew import Place, Service
from tests.integration.upgrades.schemas import before, database_of, expand, newest
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle, owner_of
from tests.support.earning import give_program
from tests.support.stack import Home

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SERVICES = ("audit", "earn", "redeem", "expiry", "notify", "relay", "mall")
# What services asked about their schema says once they have looked, and not before.
_NOT_YET = "not asked yet"
_PATIENCE_SECONDS = 120


def test_the_code_needs_the_newest_migration() -> None:
    assert newest() == NEEDED, "raise NEEDED in shared/platform/schema.py with each migration"


async def test_on_an_older_schema_services_wait_and_say_for_what(
    database: Database, kafka: KafkaHandle, home: Home
) -> None:
    await _say_that_it_ends_with(database, "0011")
    async with _running(database, kafka, home, *SERVICES) as services:
        for service in services:
            problem = await _problem(service)
            assert f"expected migration {NEEDED} or a later one, found 0011" in problem
            assert "jifen migrate" in problem
        await _say_that_it_ends_with(database, NEEDED)
        for service in services:
            await service.until_ready(patience_seconds=_PATIENCE_SECONDS)


async def test_a_schema_that_does_not_say_how_far_it_is_is_older(
    postgres: PostgresHandle, kafka: KafkaHandle, home: Home, tmp_path: Path
) -> None:
    async with (
        database_of(postgres, before("0012", tmp_path / "older")) as database,
        _running(database, kafka, home, "relay") as [relay],
    ):
        assert "found one before 0012" in await _problem(relay)
        await asyncio.to_thread(migrate, database.dsn(), FOLDER)
        await relay.until_ready(patience_seconds=_PATIENCE_SECONDS)


async def test_on_a_newer_schema_services_are_ready(
    database: Database, kafka: KafkaHandle, home: Home, tmp_path: Path
) -> None:
    await expand(database, tmp_path / "newer")
    async with _running(database, kafka, home, *SERVICES) as services:
        for service in services:
            await service.until_ready(patience_seconds=_PATIENCE_SECONDS)


@asynccontextmanager
async def _running(
    database: Database, kafka: KafkaHandle, home: Home, *names: str
) -> AsyncIterator[list[Service]]:
    await give_program(database)
    await kafka.fresh_topics(*(topic.name for topic in topics_for(CONSUMED_BY)))
    urls = {name: database.dsn(f"jifen_{name}") for name in names}
    place = Place(urls=urls, bootstrap=kafka.bootstrap, folder=home.folder)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(place.service(name)) for name in names]


async def _say_that_it_ends_with(database: Database, version: str) -> None:
    """Write down another end of the schema than it has."""
    async with owner_of(database) as owner:
        await owner.execute("DELETE FROM public.schema_migrations WHERE version > $1", version)
        await owner.execute(
            "INSERT INTO public.schema_migrations VALUES ($1) ON CONFLICT DO NOTHING", version
        )


async def _problem(service: Service) -> str:
    """Wait for what keeps a service from being ready, as far as its database goes."""
    await service.until_logged("started")
    deadline = monotonic() + _PATIENCE_SECONDS
    async with httpx.AsyncClient() as client:
        while True:
            answer = await client.get(f"{service.url}/readyz", timeout=10)
            assert answer.status_code == 503
            problem: str = answer.json()["checks"]["database"]
            if problem != _NOT_YET:
                return problem
            assert monotonic() < deadline, f"{service.name} did not look at its database"
            await asyncio.sleep(0.05)
