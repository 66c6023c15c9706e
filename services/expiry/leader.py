"""The leader: one process at a time says which day it is; all others find their work by that."""

import logging
from typing import Final

from typing_extensions import override

from services.expiry import store
from services.expiry.domain import schedule
from shared.platform import leader
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import caught_up

TICK_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Leader(leader.Leader):
    """Stands by until it leads, then raises the targets of all parts as days end."""

    def __init__(
        self, settings: DatabaseSettings, metrics: Metrics, *, remind_from_hour: int
    ) -> None:
        """Take the parts; nothing is connected before `run`."""
        super().__init__(
            settings,
            name="jifen-expiry-leader",
            lock=store.LEADER,
            leads=metrics.expiry_leader.labels(metrics.service),
            server_settings=store.SESSION_SETTINGS,
            every_seconds=TICK_SECONDS,
        )
        self._remind_from_hour = remind_from_hour
        self._revisions = Revisions()

    @override
    async def lead(self, connection: Connection) -> str | None:
        """Raise the targets to what the database's clock allows, and note which runs are through.

        Without a program there is no zone, and nothing is done.
        """
        self._revisions = await caught_up(connection, self._revisions)
        if not self._revisions.newest:
            return "the database holds no program revision"
        now = await store.read_clock(connection)
        day = schedule(now, self._revisions.zone, remind_from_hour=self._remind_from_hour)
        await store.raise_targets(connection, day.sweep_to, day.plan_on)
        for run_id in await store.finish_runs(connection):
            _log.info("run finished", extra={"run_id": run_id})
        return None
