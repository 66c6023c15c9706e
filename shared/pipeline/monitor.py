"""What waits and what failed, as metrics; it also gives up on what has waited too long."""

import asyncio
from datetime import timedelta
from typing import Final

from shared.pipeline.store import SQL
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import DATABASE_ERRORS, Connection, close, connect
from shared.platform.settings import DatabaseSettings

SAMPLE_SECONDS: Final = 5.0


class Monitor:
    """Samples a group's parked events and dead letters; its connection is the database's check."""

    def __init__(
        self,
        settings: DatabaseSettings,
        group: str,
        metrics: Metrics,
        *,
        abandon_after: timedelta,
    ) -> None:
        """Take the parts; nothing is connected before `run`."""
        self._settings, self._group, self._metrics = settings, group, metrics
        self._abandon_after = abandon_after
        self._problem: str | None = "not asked yet"
        self._topics: frozenset[str] = frozenset()

    async def problem(self) -> str | None:
        """Tell whether the database answered the last time it was asked (a readiness check)."""
        return self._problem

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            try:
                name = f"jifen-{self._metrics.service}-monitor"
                connection = await connect(self._settings, application_name=name)
                try:
                    await self._sample(connection)
                finally:
                    await close(connection)
            except DATABASE_ERRORS as error:
                self._problem = describe(error)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _sample(self, connection: Connection) -> None:
        while True:
            row = await connection.fetchrow(SQL["backlog"], self._group)
            if row is not None:
                self._metrics.parked_events.labels(self._group).set(row["parked"])
                self._metrics.parked_oldest_age_seconds.labels(self._group).set(
                    row["oldest_seconds"]
                )
            await self._count_dead_letters(connection)
            await connection.execute(SQL["abandon_parked"], self._group, self._abandon_after)
            self._problem = None
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _count_dead_letters(self, connection: Connection) -> None:
        rows = await connection.fetch(SQL["unresolved"], self._group)
        # A topic whose last dead letter was settled has no row any more, and must show 0.
        counts = dict.fromkeys(self._topics, 0) | {row["topic"]: row["unresolved"] for row in rows}
        self._topics = frozenset(counts)
        for topic, unresolved in counts.items():
            self._metrics.dead_letters_unresolved.labels(topic).set(unresolved)
