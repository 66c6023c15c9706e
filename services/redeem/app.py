"""Redeem's composition root: what it is made of, in which order it starts and stops."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from prometheus_client import CollectorRegistry

from services.redeem.domain.desk import Desk
from services.redeem.domain.limits import Policy
from services.redeem.handlers import GROUP, TOPICS, Redeem
from services.redeem.releases import Releases
from services.redeem.settings import RedeemSettings
from shared.pipeline.monitor import Monitor
from shared.pipeline.runner import Runner
from shared.platform.health import Readiness
from shared.platform.http import Server, create_app
from shared.platform.kafka import BrokerCheck
from shared.platform.metrics import Metrics
from shared.platform.process import installed_version

SERVICE: Final = "redeem"

_log = logging.getLogger(__name__)


async def serve(settings: RedeemSettings, stop: asyncio.Event) -> None:
    """Run redeem until `stop` is set; then finish the batch in flight and leave the group.

    The operations routes come first and go last, so that a service that waits for its database
    or broker can say so.
    """
    version = installed_version()
    metrics = Metrics(CollectorRegistry(), SERVICE, version=version)
    runner = make_runner(settings, metrics)
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
    app = create_app(title="Jifen redeem", version=version, readiness=readiness, metrics=metrics)
    server = Server(app, host=settings.http_host, port=settings.http_port)
    releases = Releases(settings.database, metrics, every_seconds=settings.release_seconds)
    await server.start()
    _log.info("started", extra={"url": server.url})
    beside = [asyncio.create_task(one.run()) for one in (monitor, releases)]
    try:
        await runner.run(stop)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await broker.close()
        await server.stop()
        _log.info("stopped")


def make_runner(settings: RedeemSettings, metrics: Metrics) -> Runner[Desk]:
    """Make what consumes."""
    policy = Policy(
        reservation=timedelta(seconds=settings.reservation_seconds),
        most_open=settings.open_reservations,
    )
    return Runner[Desk](
        lambda revisions: Redeem(zone=revisions.zone, policy=policy),
        topics=TOPICS,
        database=settings.database,
        kafka=settings.kafka,
        metrics=metrics,
        batch_start=settings.batch_start,
        batch_target_seconds=settings.batch_target_seconds,
    )
