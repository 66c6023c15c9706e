"""What waits for channels outside, as metrics, on a connection of its own."""

from collections.abc import Sequence
from datetime import timedelta

from typing_extensions import override

from services.notify.deliveries import read_backlog
from shared.pipeline.monitor import Monitor
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings

# Nothing of notify waits for a cause, so nothing is ever given up.
_NEVER = timedelta(days=36_500)


class NotifyMonitor(Monitor):
    """Samples dead letters, as every consumer's monitor does, and deliveries."""

    def __init__(
        self, settings: DatabaseSettings, group: str, metrics: Metrics, channels: Sequence[str]
    ) -> None:
        """Take the parts; nothing is connected before `run`."""
        super().__init__(settings, group, metrics, abandon_after=_NEVER)
        self._channels = channels

    @override
    async def sample(self, connection: Connection) -> None:
        await super().sample(connection)
        for channel in self._channels:
            backlog = await read_backlog(connection, channel)
            metrics = self._metrics
            metrics.notifications_waiting.labels(channel).set(backlog.waiting)
            metrics.notifications_oldest_age_seconds.labels(channel).set(backlog.oldest_seconds)
            metrics.notifications_dead.labels(channel).set(backlog.dead)
