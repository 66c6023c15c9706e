"""A database that has its program, and earn consuming inside the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.earn.domain.desk import Desk
from services.earn.handlers import TOPICS, Earn
from shared.pipeline.runner import Runner
from shared.platform.metrics import Metrics
from shared.platform.settings import ConsumerSettings, DatabaseSettings, KafkaSettings
from shared.program.store import seed
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, owner_of


async def give_program(database: Database) -> None:
    """Put the default program in force from the beginning of time."""
    async with owner_of(database) as owner:
        await seed(owner, by="test")


@asynccontextmanager
async def earning(database: Database, kafka: KafkaHandle) -> AsyncIterator[CollectorRegistry]:
    """Run earn's consumption and yield its metrics; topics and program must be there."""
    registry = CollectorRegistry()
    runner = Runner[Desk](
        lambda revisions: Earn(zone=revisions.zone),
        topics=TOPICS,
        settings=ConsumerSettings(
            database=DatabaseSettings(url=SecretStr(database.dsn("jifen_earn"))),
            kafka=KafkaSettings(bootstrap=kafka.bootstrap),
            batch_start=100,
            batch_target_seconds=60,
        ),
        metrics=Metrics(registry, "earn"),
    )
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    try:
        yield registry
    finally:
        stop.set()
        await task
