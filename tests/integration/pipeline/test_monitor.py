"""What an operator is shown of a group."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.earn.handlers import GROUP
from shared.pipeline.monitor import Monitor
from shared.pipeline.operator import dismiss, mark_replayed
from shared.platform.metrics import Metrics
from shared.platform.settings import DatabaseSettings
from tests.integration.pipeline.desk import begin, dead_letters, started, until
from tests.support.databases import Database, owner_of
from tests.support.tellings import paid, refunded

pytestmark = pytest.mark.integration

DAYS = timedelta(days=30)


async def test_settled_dead_letters_leave_the_metric(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    bad = [("order.paid.v1", {**paid("o1", "m1")[1], "currency": n}) for n in range(2)]
    await earn.tell([*bad, refunded("o9", "m1")])
    await earn.writer.close()
    registry = CollectorRegistry()
    settings = DatabaseSettings(url=SecretStr(database.dsn("jifen_earn")))
    watching = Monitor(
        settings, GROUP, Metrics(registry, "earn"), abandon_after=DAYS, every_seconds=0.02
    )

    def unresolved() -> float | None:
        labels = {"topic": "orders.v1", "consumer_group": GROUP}
        return registry.get_sample_value("points_dead_letters_unresolved", labels)

    sampling = asyncio.create_task(watching.run())
    await until(lambda: unresolved() == 2)
    assert registry.get_sample_value("points_parked_events", {"consumer_group": GROUP}) == 1
    one, two = [row["id"] for row in await dead_letters(database)]
    async with owner_of(database) as owner:
        await mark_replayed(owner, [one])
        assert await dismiss(owner, [one, two], by="ann") == {two}
    await until(lambda: unresolved() == 0)
    sampling.cancel()
    await asyncio.wait({sampling})
