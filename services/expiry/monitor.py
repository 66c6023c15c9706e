"""What is due and not swept, as metrics, on a connection of its own: it must show a stuck sweep."""

from typing import Final

from typing_extensions import override

from services.expiry.store import read_overdue
from shared.platform.clock import unix_seconds
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.sampler import Sampler
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import caught_up

# Counting reads every row; beyond this the exact number changes nothing for anybody.
_MAX_COUNTED_LOTS: Final = 100_000


class OverdueMonitor(Sampler):
    """Samples the lots that are past their date."""

    def __init__(self, settings: DatabaseSettings, metrics: Metrics) -> None:
        super().__init__(settings, application_name=f"jifen-{metrics.service}-monitor")
        self._revisions = Revisions()
        self._lots = metrics.expiry_overdue_lots.labels(metrics.service)
        self._age = metrics.expiry_oldest_overdue_age_seconds.labels(metrics.service)
        self._success = metrics.expiry_last_success_timestamp_seconds.labels(metrics.service)

    @override
    async def sample(self, connection: Connection) -> None:
        self._revisions = await caught_up(connection, self._revisions)
        if not self._revisions.newest:
            return
        overdue = await read_overdue(connection, self._revisions.zone, limit=_MAX_COUNTED_LOTS)
        self._lots.set(overdue.lots)
        self._age.set(overdue.oldest_seconds)
        if not overdue.lots:
            self._success.set(unix_seconds())
