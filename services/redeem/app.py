"""Redeem's composition root: what it is made of, in which order it starts and stops."""

import asyncio
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
from shared.platform.http import create_app, serving
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.process import beside, installed_version

SERVICE: Final = "redeem"
# The version of the interface, which changes when the interface does.
API_VERSION: Final = "1.0.0"


async def serve(settings: RedeemSettings, stop: asyncio.Event) -> None:
    """Run redeem until `stop` is set; then finish the batch in flight and leave the group.

    Raises KeysError where the settings name no key to check tokens with.
    """
    verifier = make_verifier(settings.auth)
    metrics = Metrics(CollectorRegistry(), SERVICE, version=installed_version())
    policy = make_policy(settings)
    runner = make_runner(settings, metrics, policy)
    monitor = Monitor(
        settings.database, GROUP, metrics, abandon_after=timedelta(days=settings.abandon_after_days)
    )
    readiness = Readiness({"database": monitor.problem, **runner.checks})
    pool = create_pool(
        settings.database,
        application_name="jifen-redeem-http",
        max_size=settings.redeem_pool_size,
    )
    async with pool:
        counter = Counter(runner, pool, policy, patience_seconds=settings.call_seconds)
        releases = Releases(pool, counter.tell, metrics, every_seconds=settings.release_seconds)
        app, answered = make_app(counter, readiness, metrics, verifier), asyncio.Event()
        async with (
            serving(app, settings) as server,
            beside(monitor.run(), releases.run(), runner.run(answered)) as (*_, running),
        ):
            await stop.wait()
            # Whoever waits for an answer gets it, then nobody asks any more.
            await server.stop()
            answered.set()
            await running


def make_app(
    counter: api.Counter, readiness: Readiness, metrics: Metrics, verifier: Verifier | None
) -> FastAPI:
    """Make the application over a counter; without a verifier it lets nobody in."""
    routes = api.make_router(counter).routes
    app = create_app(readiness, metrics, version=API_VERSION, routes=routes, verifier=verifier)
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
        settings=settings,
        metrics=metrics,
        answer=answer_of,
    )
