"""The backlog as metrics, on a connection of its own: it must show when the leader is stuck."""

import asyncio
import logging

from services.relay.store import read_backlog
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import DATABASE_ERRORS, Connection, close, connect
from shared.platform.settings import DatabaseSettings

_SAMPLE_SECONDS = 5.0
# Counting reads every row; beyond this the exact number changes nothing for anybody.
_MAX_COUNTED_ROWS = 100_000

_log = logging.getLogger(__name__)


class BacklogMonitor:
    """Samples the outbox for as long as `run` runs; its connection is the database's check."""

    def __init__(self, settings: DatabaseSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._rows = metrics.outbox_unpublished_rows.labels(metrics.service)
        self._age = metrics.outbox_oldest_unpublished_age_seconds.labels(metrics.service)
        self._problem: str | None = "not asked yet"

    async def check(self) -> str | None:
        """Tell whether the database answered the last time it was asked (a readiness check)."""
        return self._problem

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            try:
                connection = await connect(self._settings, application_name="jifen-relay-monitor")
                try:
                    await self._sample(connection)
                finally:
                    await close(connection)
            except DATABASE_ERRORS as error:
                self._problem = describe(error)
            await asyncio.sleep(_SAMPLE_SECONDS)

    async def _sample(self, connection: Connection) -> None:
        while True:
            rows, age_seconds = await read_backlog(connection, limit=_MAX_COUNTED_ROWS)
            self._rows.set(rows)
            self._age.set(age_seconds)
            self._problem = None
            await asyncio.sleep(_SAMPLE_SECONDS)
