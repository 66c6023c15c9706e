"""Earn, consuming inside the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.earn.domain.desk import Desk
from services.earn.handlers import TOPICS, Earn
from shared.pipeline.runner import Runner
from shared.platform import postgres
from shared.platform.metrics import Metrics
from shared.platform.settings import DatabaseSettings, KafkaSettings
from shared.program.store import seed
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database


@asynccontextmanager
async def earning(database: Database, kafka: KafkaHandle) -> AsyncIterator[None]:
    """Run earn over empty topics and the default program."""
    await kafka.fresh_topics(*TOPICS)
    owner = await asyncpg.connect(database.dsn())
    await postgres.set_codecs(owner)
    await seed(owner, by="test")
    await owner.close()
    runner = Runner[Desk](
        lambda revisions: Earn(zone=revisions.zone),
        topics=TOPICS,
        database=DatabaseSettings(url=SecretStr(database.dsn("jifen_earn"))),
        kafka=KafkaSettings(bootstrap=kafka.bootstrap),
        metrics=Metrics(CollectorRegistry(), "earn"),
        batch_start=100,
        batch_target_seconds=60,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task
