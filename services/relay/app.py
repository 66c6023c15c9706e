"""The relay's composition root: what it is made of, in which order it starts and stops."""

import asyncio

from prometheus_client import CollectorRegistry

from services.relay.leader import Relay
from services.relay.monitor import BacklogMonitor
from services.relay.settings import RelaySettings
from shared.platform.health import Readiness
from shared.platform.http import create_app, serving
from shared.platform.kafka import BrokerCheck
from shared.platform.metrics import Metrics
from shared.platform.process import beside, installed_version


async def serve(settings: RelaySettings, stop: asyncio.Event) -> None:
    """Run the relay until `stop` is set; then finish the page in flight, within a limit."""
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
    app = create_app(readiness, metrics, version=version)
    try:
        async with serving(app, settings), beside(monitor.run(), relay.run()) as (_, relaying):
            await stop.wait()
            relay.stop()
            await asyncio.wait({relaying}, timeout=settings.relay_drain_seconds)
    finally:
        await broker.close()
