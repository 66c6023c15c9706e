"""The backlog as metrics, on a connection of its own: it must show when the leader is stuck."""

from typing_extensions import override

from services.relay.store import read_backlog
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.sampler import Sampler
from shared.platform.settings import DatabaseSettings

# Counting reads every row; beyond this the exact number changes nothing for anybody.
_MAX_COUNTED_ROWS = 100_000


class BacklogMonitor(Sampler):
    """Samples the outbox."""

    def __init__(self, settings: DatabaseSettings, metrics: Metrics) -> None:
        super().__init__(settings, application_name=f"jifen-{metrics.service}-monitor")
        self._rows = metrics.outbox_unpublished_rows.labels(metrics.service)
        self._age = metrics.outbox_oldest_unpublished_age_seconds.labels(metrics.service)

    @override
    async def sample(self, connection: Connection) -> None:
        rows, age_seconds = await read_backlog(connection, limit=_MAX_COUNTED_ROWS)
        self._rows.set(rows)
        self._age.set(age_seconds)
