"""The audit's composition root: what it is made of, in which order it starts and stops."""

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry

from services.audit.leader import Collector
from services.audit.monitor import TruthMonitor
from services.audit.settings import AuditSettings
from shared.platform.health import Readiness
from shared.platform.http import create_app, serving
from shared.platform.metrics import Metrics
from shared.platform.process import beside, installed_version

SERVICE: Final = "audit"


async def serve(settings: AuditSettings, stop: asyncio.Event) -> None:
    """Run the audit until `stop` is set; a page in flight is given up, and read again later."""
    version = installed_version()
    metrics = Metrics(CollectorRegistry(), SERVICE, version=version)
    collector = Collector(settings, metrics)
    monitor = TruthMonitor(settings.database, metrics)
    readiness = Readiness({"database": monitor.problem, "collector": collector.problem})
    app = create_app(readiness, metrics, version=version)
    async with serving(app, settings), beside(monitor.run(), collector.run()):
        await stop.wait()
