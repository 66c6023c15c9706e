"""A collector and a monitor that do what is to be done when the test says so."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.audit.leader import Collector
from services.audit.monitor import TruthMonitor
from services.audit.settings import AuditSettings
from services.audit.store import SESSION_SETTINGS
from shared.platform import postgres
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from tests.support.databases import Database

CHECKS = ("member_balance", "lot_remaining", "double_entry", "chain", "outbox_vs_ledger")


def settings_of(database: Database) -> AuditSettings:
    return AuditSettings(
        database=DatabaseSettings(url=SecretStr(database.dsn("jifen_audit"))),
        audit_share=1,
        audit_pause_seconds=0,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """One process of the audit."""

    registry: CollectorRegistry
    collector: Collector
    monitor: TruthMonitor
    connection: Connection

    async def go_round(self) -> None:
        """Read pages until a round ends, the one that was begun before if there is one."""
        finished = await self.count("finished_at IS NOT NULL")
        while await self.count("finished_at IS NOT NULL") == finished:
            await self.collector.read_page(self.connection)
        await self.monitor.sample(self.connection)

    async def look_again(self) -> None:
        await self.collector.look_again(self.connection)
        await self.monitor.sample(self.connection)

    async def count(self, which: str) -> int:
        """Count rounds."""
        found: int = await self.connection.fetchval(
            f"SELECT count(*) FROM audit.round WHERE {which}"  # noqa: S608
        )
        return found

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def wrong(self) -> dict[str, tuple[float | None, float | None]]:
        """Read (points, members) of every check that shows any."""
        shown = {
            check: (
                self.sample("points_ledger_imbalance_points", check=check),
                self.sample("points_ledger_wrong_members", check=check),
            )
            for check in CHECKS
        }
        return {check: found for check, found in shown.items() if any(found)}


@asynccontextmanager
async def open_desk(
    database: Database, settings: Callable[[Database], AuditSettings] = settings_of
) -> AsyncIterator[Desk]:
    given, registry = settings(database), CollectorRegistry()
    metrics = Metrics(registry, "audit")
    connection = await postgres.connect(
        given.database, application_name="test", server_settings=SESSION_SETTINGS
    )
    try:
        yield Desk(
            registry=registry,
            collector=Collector(given, metrics),
            monitor=TruthMonitor(given.database, metrics),
            connection=connection,
        )
    finally:
        await connection.close()
