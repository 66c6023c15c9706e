"""Expiry's composition root: what it is made of, in which order it starts and stops."""

import asyncio
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.expiry.api import Runs, make_router
from services.expiry.leader import Leader
from services.expiry.monitor import OverdueMonitor
from services.expiry.runs import DatabaseRuns
from services.expiry.settings import ExpirySettings
from services.expiry.worker import Worker
from shared.platform.auth.verifier import Verifier, make_verifier
from shared.platform.health import Readiness
from shared.platform.http import create_app, serving
from shared.platform.metrics import Metrics
from shared.platform.process import beside, installed_version

SERVICE: Final = "expiry"
API_VERSION: Final = "1.0.0"
"""The version of the interface, which changes when the interface does."""


def make_app(
    runs: Runs, readiness: Readiness, metrics: Metrics, verifier: Verifier | None
) -> FastAPI:
    """Make the application; without a verifier it lets nobody in."""
    return create_app(
        readiness, metrics, version=API_VERSION, routes=make_router(runs).routes, verifier=verifier
    )


async def serve(settings: ExpirySettings, stop: asyncio.Event) -> None:
    """Run expiry until `stop` is set; then finish the pages in flight.

    Raises KeysError where the settings name no key to check tokens with.
    """
    verifier = make_verifier(settings.auth)
    metrics = Metrics(CollectorRegistry(), SERVICE, version=installed_version())
    leader = Leader(settings.database, metrics, remind_from_hour=settings.expiry_remind_from_hour)
    monitor = OverdueMonitor(settings.database, metrics)
    workers = [
        Worker(
            settings.database,
            metrics,
            page_target_seconds=settings.expiry_page_target_seconds,
            gives_way=settings.expiry_gives_way,
        )
        for _ in range(settings.expiry_workers)
    ]
    checks = {f"worker-{number}": one.problem for number, one in enumerate(workers, start=1)}
    readiness = Readiness({"database": monitor.problem, "program": leader.problem, **checks})
    app = make_app(DatabaseRuns(settings.database), readiness, metrics, verifier)
    async with (
        serving(app, settings),
        beside(leader.run(), monitor.run()),
        beside(*(worker.run() for worker in workers)) as working,
    ):
        await stop.wait()
        for worker in workers:
            worker.stop()
        await asyncio.wait(working, timeout=settings.expiry_drain_seconds)
