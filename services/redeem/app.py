"""Redeem's composition root: what it is made of, in which order it starts and stops."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware

from services.redeem import api
from services.redeem.counter import Counter
from services.redeem.direct import Direct
from services.redeem.domain.desk import Desk
from services.redeem.domain.limits import Policy
from services.redeem.handlers import GROUP, TOPICS, Redeem, answer_of
from services.redeem.releases import Releases
from services.redeem.settings import RedeemSettings
from shared.pipeline.monitor import Monitor
from shared.pipeline.runner import Runner
from shared.platform.auth.verifier import Verifier, make_verifier
from shared.platform.health import Readiness
from shared.platform.http import Server, create_app
from shared.platform.kafka import BrokerCheck
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.process import installed_version

SERVICE: Final = "redeem"
# The version of the interface, which changes when the interface does.
API_VERSION: Final = "1.0.0"

_log = logging.getLogger(__name__)


async def serve(settings: RedeemSettings, stop: asyncio.Event) -> None:
    """Run redeem until `stop` is set; then finish the batch in flight and leave the group.

    The operations routes come first and go last, so that a service that waits for its database
    or broker can say so.
    """
    verifier = make_verifier(settings.auth)
    version = installed_version()
    metrics = Metrics(CollectorRegistry(), SERVICE, version=version)
    policy = make_policy(settings)
    runner = make_runner(settings, metrics, policy)
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
        settings.database,
        application_name="jifen-redeem-http",
        max_size=settings.redeem_pool_size,
    ) as pool:
        counter = Counter(runner, pool, policy, patience_seconds=settings.call_seconds)
        server = Server(
            make_app(counter, readiness, metrics, verifier),
            host=settings.http_host,
            port=settings.http_port,
            request_seconds=settings.http_request_seconds,
        )
        releases = Releases(pool, counter.tell, metrics, every_seconds=settings.release_seconds)
        try:
            await _run(runner, server, [monitor.run, releases.run], stop)
        finally:
            await broker.close()
            _log.info("stopped")


async def _run(
    runner: Runner[Desk],
    server: Server,
    beside: Sequence[Callable[[], Coroutine[object, object, None]]],
    stop: asyncio.Event,
) -> None:
    """Serve, with these beside, until `stop` is set or the runner fails."""
    await server.start()
    _log.info("started", extra={"url": server.url})
    stopping, answered = asyncio.create_task(stop.wait()), asyncio.Event()
    running = asyncio.create_task(runner.run(answered))
    tasks = [stopping, running, *(asyncio.create_task(run()) for run in beside)]
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        # Whoever waits for an answer gets it, then nobody asks any more.
        await server.stop()
        answered.set()
        await running
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def make_app(
    counter: api.Counter, readiness: Readiness, metrics: Metrics, verifier: Verifier | None
) -> FastAPI:
    """Make the application over a counter; without a verifier it lets nobody in."""
    app = create_app(
        title="Jifen redeem",
        version=API_VERSION,
        readiness=readiness,
        metrics=metrics,
        documented=True,
        verifier=verifier,
    )
    # Not included as a router: each level of those looks for the route anew.
    app.router.routes.extend(api.make_router(counter).routes)
    # Last of what is in front of the routes: by then it is known who asks.
    direct = Middleware(Direct, path=api.REQUESTS, answer=partial(api.request, counter))
    app.user_middleware.append(direct)
    return app


def make_policy(settings: RedeemSettings) -> Policy:
    """Take the shop's limits from the settings."""
    return Policy(
        reservation=timedelta(seconds=settings.reservation_seconds),
        most_open=settings.open_reservations,
    )


def make_runner(settings: RedeemSettings, metrics: Metrics, policy: Policy) -> Runner[Desk]:
    """Make what consumes and answers."""
    return Runner[Desk](
        lambda revisions: Redeem(zone=revisions.zone, policy=policy),
        topics=TOPICS,
        database=settings.database,
        kafka=settings.kafka,
        metrics=metrics,
        batch_start=settings.batch_start,
        batch_target_seconds=settings.batch_target_seconds,
        answer=answer_of,
    )
