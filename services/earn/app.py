"""Earn's composition root: what it is made of, in which order it starts and stops."""

import asyncio
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
from shared.platform.http import create_app, serving
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.process import beside, installed_version

SERVICE: Final = "earn"
# The version of the interface, which changes when the interface does.
API_VERSION: Final = "1.0.0"


async def serve(settings: EarnSettings, stop: asyncio.Event) -> None:
    """Run earn until `stop` is set; then finish the batch in flight and leave the group.

    Raises KeysError where the settings name no key to check tokens with.
    """
    verifier = make_verifier(settings.auth)
    metrics = Metrics(CollectorRegistry(), SERVICE, version=installed_version())
    runner = Runner[Desk](
        lambda revisions: Earn(zone=revisions.zone),
        topics=TOPICS,
        settings=settings,
        metrics=metrics,
    )
    monitor = Monitor(
        settings.database, GROUP, metrics, abandon_after=timedelta(days=settings.abandon_after_days)
    )
    readiness = Readiness({"database": monitor.problem, **runner.checks})
    pool = create_pool(
        settings.database, application_name="jifen-earn-http", max_size=settings.earn_pool_size
    )
    async with pool:
        counter = Counter(pool, settings.database, daily_points=settings.adjust_daily_points)
        app = make_app(counter, readiness, metrics, verifier)
        async with serving(app, settings), beside(monitor.run()):
            await runner.run(stop)


def make_app(
    counter: api.Counter, readiness: Readiness, metrics: Metrics, verifier: Verifier | None
) -> FastAPI:
    """Make the application over a counter; without a verifier it lets nobody in."""
    return create_app(
        readiness,
        metrics,
        version=API_VERSION,
        routes=api.make_router(counter).routes,
        verifier=verifier,
    )
