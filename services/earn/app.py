"""Earn's composition root: what it is made of, in which order it starts and stops."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.earn import api
from services.earn.counter import Counter
from services.earn.domain.desk import Desk
from services.earn.handlers import GROUP, TOPICS, Earn
from services.earn.settings import EarnSettings
from shared.pipeline.monitor import Monitor
from shared.pipeline.runner import Runner
from shared.platform.auth.verifier import Verifier, make_verifier
from shared.platform.health import Readiness
from shared.platform.http import Server, create_app
from shared.platform.kafka import BrokerCheck
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.process import installed_version

SERVICE: Final = "earn"
# The version of the interface, which changes when the interface does.
API_VERSION: Final = "1.0.0"

_log = logging.getLogger(__name__)


async def serve(settings: EarnSettings, stop: asyncio.Event) -> None:
    """Run earn until `stop` is set; then finish the batch in flight and leave the group.

    The operations routes come first and go last, so that a service that waits for its database
    or broker can say so. Raises KeysError where the settings name no key to check tokens with.
    """
    verifier = make_verifier(settings.auth)
    metrics = Metrics(CollectorRegistry(), SERVICE, version=installed_version())
    runner = Runner[Desk](
        lambda revisions: Earn(zone=revisions.zone),
        topics=TOPICS,
        database=settings.database,
        kafka=settings.kafka,
        metrics=metrics,
        batch_start=settings.batch_start,
        batch_target_seconds=settings.batch_target_seconds,
    )
    monitor = Monitor(
        settings.database, GROUP, metrics, abandon_after=timedelta(days=settings.abandon_after_days)
    )
    broker = BrokerCheck(settings.kafka, client_id=f"jifen-{SERVICE}-check")
    readiness = Readiness(
        {
            "database": monitor.problem,
            "broker": broker,
            "program": runner.program_problem,
            "consumer": runner.consumer_problem,
        }
    )
    async with create_pool(
        settings.database, application_name="jifen-earn-http", max_size=settings.earn_pool_size
    ) as pool:
        counter = Counter(pool, settings.database, daily_points=settings.adjust_daily_points)
        server = Server(
            make_app(counter, readiness, metrics, verifier),
            host=settings.http_host,
            port=settings.http_port,
            request_seconds=settings.http_request_seconds,
        )
        await server.start()
        _log.info("started", extra={"url": server.url})
        monitoring = asyncio.create_task(monitor.run(), name="monitor")
        try:
            await runner.run(stop)
        finally:
            monitoring.cancel()
            await broker.close()
            await server.stop()
    _log.info("stopped")


def make_app(
    counter: api.Counter, readiness: Readiness, metrics: Metrics, verifier: Verifier | None
) -> FastAPI:
    """Make the application over a counter; without a verifier it lets nobody in."""
    app = create_app(
        title="Jifen earn",
        version=API_VERSION,
        readiness=readiness,
        metrics=metrics,
        documented=True,
        verifier=verifier,
    )
    app.include_router(api.make_router(counter))
    return app
