"""The relay's composition root: what it is made of, in which order it starts and stops."""

import asyncio
import contextlib
import logging

from prometheus_client import CollectorRegistry

from services.relay.leader import Relay
from services.relay.monitor import BacklogMonitor
from services.relay.settings import RelaySettings
from shared.platform.health import Readiness
from shared.platform.http import Server, create_app
from shared.platform.kafka import BrokerCheck
from shared.platform.metrics import Metrics
from shared.platform.process import installed_version

_log = logging.getLogger(__name__)


async def serve(settings: RelaySettings, stop: asyncio.Event) -> None:
    """Run the relay until `stop` is set.

    Operations routes come first and go last, so that a relay that waits for its database can
    say so; on stop the page in flight is finished, within a limit.
    """
    version = installed_version()
    metrics = Metrics(CollectorRegistry(), "relay", version=version)
    relay = Relay(settings, metrics)
    monitor = BacklogMonitor(settings.database, metrics)
    broker = BrokerCheck(settings.kafka, client_id="jifen-relay-check")
    readiness = Readiness(
        {
            "database": monitor.problem,
            "broker": broker,
            "role": relay.check_role,
            "progress": relay.check_progress,
        }
    )
    app = create_app(title="Jifen relay", version=version, readiness=readiness, metrics=metrics)
    server = Server(
        app,
        host=settings.http_host,
        port=settings.http_port,
        request_seconds=settings.http_request_seconds,
    )
    await server.start()
    _log.info("started", extra={"url": server.url})
    sampling = asyncio.create_task(monitor.run(), name="backlog-monitor")
    relaying = asyncio.create_task(relay.run(), name="relay")
    try:
        await _until_stopped(stop, relaying)
        relay.stop()
        await asyncio.wait({relaying}, timeout=settings.relay_drain_seconds)
    finally:
        await _end(relaying)
        await _end(sampling)
        await broker.close()
        await server.stop()
        _log.info("stopped")


async def _until_stopped(stop: asyncio.Event, relaying: asyncio.Task[None]) -> None:
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({stopping, relaying}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
