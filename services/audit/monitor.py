"""What the audit found, as metrics: of every process, whoever leads, from the rows it keeps."""

from typing import Final, get_args

from typing_extensions import override

from services.audit import store
from services.audit.store import Sums
from shared.ledger.audit import Check
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.sampler import Sampler
from shared.platform.settings import DatabaseSettings

OUTBOX: Final = "outbox_vs_ledger"
"""The check that is made here: what waits to be published against the ledger."""

_OF_ROUNDS: Final[tuple[Check, ...]] = get_args(Check)
_WITHOUT_POINTS: Final = "chain"
_NOTHING: Final = Sums(0, 0)


class TruthMonitor(Sampler):
    """Samples what is wrong, and when all was last looked at."""

    def __init__(self, settings: DatabaseSettings, metrics: Metrics) -> None:
        super().__init__(settings, application_name=f"jifen-{metrics.service}-monitor")
        self._metrics = metrics
        # So that its rate is known before anything ever broke.
        metrics.ledger_chain_breaks.labels(metrics.service)

    @override
    async def sample(self, connection: Connection) -> None:
        wrong = await store.read_wrong(connection)
        for check in _OF_ROUNDS:
            self._show(check, wrong.get(check, _NOTHING))
        outbox, at = await store.read_outbox(connection)
        self._show(OUTBOX, outbox)
        self._metrics.reconciliation_last_success_timestamp_seconds.labels(OUTBOX).set(at)
        await self._show_last_round(connection)

    def _show(self, check: str, sums: Sums) -> None:
        self._metrics.ledger_wrong_members.labels(check).set(sums.members)
        if check != _WITHOUT_POINTS:
            self._metrics.ledger_imbalance_points.labels(check).set(sums.points)

    async def _show_last_round(self, connection: Connection) -> None:
        last = await store.read_last_round(connection)
        if last is None:
            return
        metrics, service = self._metrics, self._metrics.service
        for check in _OF_ROUNDS:
            metrics.reconciliation_last_success_timestamp_seconds.labels(check).set(
                last.finished_at
            )
        metrics.ledger_chain_verified_height.labels(service).set(last.entries)
        metrics.ledger_skipped_members.labels(service).set(last.skipped)
        metrics.liability_points.labels(service).set(last.liability_points)
        metrics.debt_points.labels(service).set(last.debt_points)
