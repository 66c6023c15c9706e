"""Notify's composition root: what it is made of, in which order it starts and stops."""

import asyncio
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.notify.api import Marks, make_router
from services.notify.channels import WEBHOOK, Channel, Inbox, Queue
from services.notify.domain.attempt import Patience
from services.notify.domain.desk import Desk
from services.notify.handlers import GROUP, TOPICS, Notify
from services.notify.marks import DatabaseMarks
from services.notify.monitor import NotifyMonitor
from services.notify.sender import Sender
from services.notify.settings import NotifySettings
from services.notify.webhook import Webhook
from shared.pipeline.fetch import UNHURRIED
from shared.pipeline.runner import Runner
from shared.platform.auth.verifier import Verifier, make_verifier
from shared.platform.health import Readiness
from shared.platform.http import create_app, serving
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.process import beside, installed_version

SERVICE: Final = "notify"
API_VERSION: Final = "1.0.0"
"""The version of the interface, which changes when the interface does."""
_LEASE_BEYOND_SECONDS: Final = 20.0
"""A claim outlives its post by so much: writing its end may have to wait for the database."""


async def serve(settings: NotifySettings, stop: asyncio.Event) -> None:
    """Run notify until `stop` is set; then finish the batch in flight and leave the group.

    An endpoint that is down makes nothing unready: the inbox goes on. Raises KeysError where the
    settings name no key to check tokens with.
    """
    verifier = make_verifier(settings.auth)
    version = installed_version()
    metrics = Metrics(CollectorRegistry(), SERVICE, version=version)
    runner = make_runner(settings, metrics)
    senders = make_senders(settings, metrics, version)
    monitor = NotifyMonitor(settings.database, GROUP, metrics, [WEBHOOK])
    readiness = Readiness({"database": monitor.problem, **runner.checks})
    pool = create_pool(
        settings.database,
        application_name="jifen-notify-http",
        max_size=settings.notify_pool_size,
        writes=True,
    )
    async with pool:
        app = make_app(DatabaseMarks(pool), readiness, metrics, verifier)
        sending = [sender.run(stop) for sender in senders]
        async with (
            serving(app, settings),
            beside(monitor.run(), runner.run(stop), *sending) as (_, *running),
        ):
            await asyncio.wait(running)


def make_app(
    marks: Marks, readiness: Readiness, metrics: Metrics, verifier: Verifier | None
) -> FastAPI:
    """Make the application; without a verifier it lets nobody in."""
    return create_app(
        readiness, metrics, version=API_VERSION, routes=make_router(marks).routes, verifier=verifier
    )


def make_runner(settings: NotifySettings, metrics: Metrics) -> Runner[Desk]:
    """Make what consumes."""
    channels: list[Channel] = [Inbox(metrics=metrics)]
    if settings.webhook.url is not None:
        channels.append(Queue(name=WEBHOOK))
    return Runner[Desk](
        lambda _revisions: Notify(channels=channels),
        topics=TOPICS,
        settings=settings,
        metrics=metrics,
        fetch=UNHURRIED,
    )


def make_senders(settings: NotifySettings, metrics: Metrics, version: str) -> list[Sender]:
    """Make what sends to channels outside; raises SettingsError for a secret of no use."""
    webhook = settings.webhook
    if webhook.url is None:
        return []
    endpoint = Webhook(
        webhook.url,
        webhook.key(),
        timeout_seconds=webhook.timeout_seconds,
        connections=webhook.concurrency,
        version=version,
    )
    sender = Sender(
        WEBHOOK,
        endpoint,
        settings.database,
        metrics,
        patience=Patience(attempts=webhook.attempts),
        concurrency=webhook.concurrency,
        lease_seconds=webhook.timeout_seconds + _LEASE_BEYOND_SECONDS,
    )
    return [sender]
