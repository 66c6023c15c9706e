"""One deployment of every service with a Prometheus over it, for all tests of this folder."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from deploy.prometheus.catalogue import JOBS
from jifen.stack.topics import ensure_topics
from shared.contract.topics import CONSUMED_BY, topics_for
from shared.platform.clock import monotonic
from tests.integration.alerts.prometheus import Labels, Prometheus, watching
from tests.integration.consuming.crew import Place, Service
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle
from tests.support.earning import give_program
from tests.support.stack import Home

_QUICKLY = {"JIFEN_AUDIT_PAUSE_SECONDS": "0.5", "JIFEN_AUDIT_LOOK_AGAIN_SECONDS": "0.5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Every service, and who watches them."""

    database: Database
    bootstrap: str
    services: Mapping[str, Service]
    prometheus: Prometheus

    @asynccontextmanager
    async def expecting(self, name: str) -> AsyncIterator[Callable[[], Awaitable[Labels]]]:
        """Expect an alert and no other while the block breaks something and mends it again.

        The block gets what waits for the alert. Before and afterwards nothing fires.
        """
        await self.prometheus.until_silent()
        began = monotonic()
        yield lambda: self.prometheus.until_firing(name)
        await self.prometheus.until_silent()
        assert await self.prometheus.fired_within(monotonic() - began) == {name}


@pytest.fixture(scope="module")
async def watched(
    postgres: PostgresHandle, kafka: KafkaHandle, home: Home
) -> AsyncIterator[Watched]:
    """Run all services on a database and topics of their own."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(postgres.database())
        await asyncio.gather(give_program(database), _empty_topics(kafka))
        names = sorted(name for jobs in JOBS.values() for name in jobs)
        place = Place(
            urls={name: database.dsn(f"jifen_{name}") for name in names},
            bootstrap=kafka.bootstrap,
            folder=home.folder,
        )
        services = {
            name: await stack.enter_async_context(place.service(name, **_QUICKLY)) for name in names
        }
        await asyncio.gather(
            *(service.until_ready(patience_seconds=180) for service in services.values())
        )
        prometheus = await stack.enter_async_context(
            watching(
                home.folder / "prometheus",
                {name: service.url for name, service in services.items()},
            )
        )
        yield Watched(
            database=database,
            bootstrap=kafka.bootstrap,
            services=services,
            prometheus=prometheus,
        )


async def _empty_topics(kafka: KafkaHandle) -> None:
    """Make them anew: what other tests told is no concern of these services."""
    topics = topics_for(CONSUMED_BY)
    await kafka.fresh_topics(*(topic.name for topic in topics), partitions=1)
    await ensure_topics(kafka.bootstrap, topics)
