"""Earn's composition root: what it is made of, in which order it starts and stops."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from prometheus_client import CollectorRegistry

from services.earn.domain.desk import Desk
from services.earn.handlers import GROUP, TOPICS, Earn
from services.earn.settings import EarnSettings
from shared.pipeline.monitor import Monitor
from shared.pipeline.runner import Runner
from shared.platform.health import Readiness
from shared.platform.http import Server, create_app
from shared.platform.kafka import BrokerCheck
from shared.platform.metrics import Metrics
from shared.platform.process import installed_version

SERVICE: Final = "earn"

_log = logging.getLogger(__name__)


async def serve(settings: EarnSettings, stop: asyncio.Event) -> None:
    """Run earn until `stop` is set; then finish the batch in flight and leave the group.

    The operations routes come first and go last, so that a service that waits for its database
    or broker can say so.
    """
    version = installed_version()
    metrics = Metrics(CollectorRegistry(), SERVICE, version=version)
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
    app = create_app(title="Jifen earn", version=version, readiness=readiness, metrics=metrics)
    server = Server(app, host=settings.http_host, port=settings.http_port)
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
