"""The leader: one process at a time says which day it is; all others find their work by that."""

import asyncio
import contextlib
import logging
from typing import Final

from services.expiry import store
from services.expiry.domain import schedule
from shared.platform import postgres
from shared.platform.backoff import Backoff
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import read_newer

TICK_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Leader:
    """Stands by until it leads, then raises the targets of all parts as days end."""

    def __init__(
        self, settings: DatabaseSettings, metrics: Metrics, *, remind_from_hour: int
    ) -> None:
        """Take the parts; nothing is connected before `run`."""
        self._settings, self._remind_from_hour = settings, remind_from_hour
        self._revisions = Revisions()
        self._leads = metrics.expiry_leader.labels(metrics.service)
        self._problem: str | None = "no program revision read yet"

    async def problem(self) -> str | None:
        """Say why nothing can be scheduled, or None: a readiness check."""
        return self._problem

    async def run(self) -> None:
        """Lead or stand by until cancelled; trouble only ends a term."""
        backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
        while True:
            try:
                await self._term(backoff)
            except Exception as error:  # noqa: BLE001 - without a leader no day ends
                self._problem = describe(error)
                _log.warning("schedule interrupted", extra={"error": self._problem})
                await asyncio.sleep(backoff.next_seconds())

    async def tick(self, connection: Connection) -> None:
        """Raise the targets to what the database's clock allows, and note which runs are through.

        Without a program there is no zone, and nothing is done.
        """
        rows = await read_newer(connection, self._revisions.newest)
        self._revisions = self._revisions.with_newer(rows)
        if not self._revisions.newest:
            self._problem = "the database holds no program revision"
            return
        self._problem = None
        now = await store.read_clock(connection)
        day = schedule(now, self._revisions.zone, remind_from_hour=self._remind_from_hour)
        await store.raise_targets(connection, day.sweep_to, day.plan_on)
        for run_id in await store.finish_runs(connection):
            _log.info("run finished", extra={"run_id": run_id})

    async def _term(self, backoff: Backoff) -> None:
        connection = await postgres.wait_connect(
            self._settings,
            application_name="jifen-expiry-leader",
            server_settings=store.SESSION_SETTINGS,
        )
        try:
            await self._stand_by(connection)
            self._leads.set(1)
            _log.info("leads")
            while True:
                await self.tick(connection)
                backoff.reset()
                await asyncio.sleep(TICK_SECONDS)
        finally:
            self._leads.set(0)
            with contextlib.suppress(*postgres.DATABASE_ERRORS):
                await postgres.close(connection)

    async def _stand_by(self, connection: Connection) -> None:
        self._leads.set(0)
        while not await store.try_lead(connection):
            self._problem = None
            await asyncio.sleep(TICK_SECONDS)
