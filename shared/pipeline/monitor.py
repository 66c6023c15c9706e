"""What waits and what failed, as metrics; it also gives up on what has waited too long."""

from datetime import timedelta

from typing_extensions import override

from shared.pipeline.store import SQL
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.sampler import SAMPLE_SECONDS, Sampler
from shared.platform.settings import DatabaseSettings


class Monitor(Sampler):
    """Samples a group's parked events and dead letters."""

    def __init__(
        self,
        settings: DatabaseSettings,
        group: str,
        metrics: Metrics,
        *,
        abandon_after: timedelta,
        every_seconds: float = SAMPLE_SECONDS,
    ) -> None:
        """Take the parts; nothing is connected before `run`."""
        name = f"jifen-{metrics.service}-monitor"
        super().__init__(settings, application_name=name, every_seconds=every_seconds)
        self._group, self._metrics = group, metrics
        self._abandon_after = abandon_after
        self._topics: frozenset[str] = frozenset()

    @override
    async def sample(self, connection: Connection) -> None:
        row = await connection.fetchrow(SQL["backlog"], self._group)
        if row is not None:
            self._metrics.parked_events.labels(self._group).set(row["parked"])
            self._metrics.parked_abandoned_events.labels(self._group).set(row["abandoned"])
            self._metrics.parked_oldest_age_seconds.labels(self._group).set(row["oldest_seconds"])
        await self._count_dead_letters(connection)
        await connection.execute(SQL["abandon_parked"], self._group, self._abandon_after)

    async def _count_dead_letters(self, connection: Connection) -> None:
        rows = await connection.fetch(SQL["unresolved"], self._group)
        # A topic whose last dead letter was settled has no row any more, and must show 0.
        counts = dict.fromkeys(self._topics, 0) | {row["topic"]: row["unresolved"] for row in rows}
        self._topics = frozenset(counts)
        for topic, unresolved in counts.items():
            self._metrics.dead_letters_unresolved.labels(topic, self._group).set(unresolved)
