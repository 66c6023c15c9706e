"""Each service shows what docs/metrics.md says it does, and nothing else."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from shared.contract.topics import CONSUMED_BY, topics_for
from shared.platform.clock import monotonic
from shared.platform.metrics import Metrics
from tests.integration.consuming.crew import Place, Service
from tests.integration.consuming.shop import send
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.earning import give_program
from tests.support.stack import Home
from tests.support.tellings import paid

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

DESCRIBED = Metrics(CollectorRegistry(), "x").described
SERVICES = sorted({service for one in DESCRIBED for service in one.services})
# Gauges that need what this test does not have: dead letters, a webhook, a read of the mall.
NOT_HERE = {
    "points_dead_letters_unresolved",
    "points_notifications_waiting",
    "points_notifications_oldest_age_seconds",
    "points_notifications_dead",
    "points_db_pool_connections",
}
PATIENCE_SECONDS = 60


def stated(service: str, *kinds: str) -> set[str]:
    return {
        one.name
        for one in DESCRIBED
        if service in one.services and (not kinds or one.kind in kinds)
    }


async def test_each_service_shows_what_is_documented_of_it(
    database: Database, kafka: KafkaHandle, home: Home
) -> None:
    await give_program(database)
    await kafka.fresh_topics(*(topic.name for topic in topics_for(CONSUMED_BY)))
    await asyncio.to_thread(send, kafka.bootstrap, [paid("o1", "ann"), paid("o1", "ann")])
    place = Place(
        urls={name: database.dsn(f"jifen_{name}") for name in SERVICES},
        bootstrap=kafka.bootstrap,
        folder=home.folder,
    )
    async with AsyncExitStack() as stack, httpx.AsyncClient(timeout=30) as client:
        services = [await stack.enter_async_context(place.service(name)) for name in SERVICES]
        for service in services:
            await service.until_ready(patience_seconds=PATIENCE_SECONDS)
        for service in services:
            shown = await until_shown(client, service, stated(service.name, "gauge") - NOT_HERE)
            assert shown.keys() <= stated(service.name), service.name
            if service.name == "earn":
                assert {"applied", "duplicate"} <= await outcomes(client, service)


async def until_shown(
    client: httpx.AsyncClient, service: Service, wanted: set[str]
) -> Mapping[str, int]:
    """Scrape until all that is wanted has samples; return how many each metric has."""
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        shown = await scrape(client, service)
        if wanted <= shown.keys():
            return shown
        missing = wanted - shown.keys()
        assert monotonic() < deadline, f"{service.name} does not show {missing}"
        await asyncio.sleep(0.2)


async def scrape(client: httpx.AsyncClient, service: Service) -> Mapping[str, int]:
    text = (await client.get(f"{service.url}/metrics")).text
    return {
        family.name + ("_total" if family.type == "counter" else ""): len(family.samples)
        for family in text_string_to_metric_families(text)
        # The library adds when a counter began, as a gauge of its own.
        if family.samples and not family.name.endswith("_created")
    }


async def outcomes(client: httpx.AsyncClient, service: Service) -> set[str]:
    """Wait until the order and its repetition were processed; return what came of them."""
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        text = (await client.get(f"{service.url}/metrics")).text
        counts = {
            sample.labels["outcome"]: sample.value
            for family in text_string_to_metric_families(text)
            if family.name == "points_events_processed"
            for sample in family.samples
            if sample.name.endswith("_total")
        }
        if sum(counts.values()) >= 2:
            return set(counts)
        assert monotonic() < deadline, counts
        await asyncio.sleep(0.2)
