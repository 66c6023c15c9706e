"""What waits, for how long, and what was given up on: sampled of tables that hold just that."""

from datetime import date, timedelta

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.earn.handlers import GROUP
from services.expiry.monitor import OverdueMonitor
from services.notify.channels import WEBHOOK
from services.notify.monitor import NotifyMonitor
from services.relay.monitor import BacklogMonitor
from shared.pipeline.monitor import Monitor
from shared.platform.clock import unix_seconds
from shared.platform.metrics import Metrics
from shared.platform.sampler import Sampler
from shared.platform.settings import DatabaseSettings
from tests.integration.expiry.desk import give_lots, open_desk
from tests.integration.ledger.desk import connected, fill
from tests.integration.notify import desk as notices
from tests.integration.notify.told import reminder
from tests.integration.pipeline.desk import begin, started
from tests.support.databases import Database, owner_of
from tests.support.tellings import refunded

pytestmark = pytest.mark.integration

HOUR, DAY = 3_600, 86_400
PAST = date(2025, 12, 31)


class Shown:
    """The metrics of one service, and what it samples them with."""

    def __init__(self, database: Database, service: str) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, service)
        self.role = f"jifen_{service}"
        self.settings = DatabaseSettings(url=SecretStr(database.dsn(self.role)))

    async def sample(self, database: Database, monitor: Sampler) -> None:
        async with connected(database, self.role) as connection:
            await monitor.sample(connection)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


async def change(database: Database, statement: str) -> None:
    async with owner_of(database) as owner:
        await owner.execute(statement)


async def test_the_outbox_shows_its_rows_and_the_age_of_the_oldest(database: Database) -> None:
    shown = Shown(database, "relay")
    monitor = BacklogMonitor(shown.settings, shown.metrics)

    async def look() -> tuple[float | None, float | None]:
        await shown.sample(database, monitor)
        return (
            shown.value("points_outbox_unpublished_rows", service="relay"),
            shown.value("points_outbox_oldest_unpublished_age_seconds", service="relay"),
        )

    assert await look() == (0, 0)
    async with connected(database) as earn:
        await fill(earn, "ann")
    await change(
        database,
        "UPDATE messaging.outbox SET created_at = created_at - interval '1 hour'"
        " WHERE id = (SELECT min(id) FROM messaging.outbox)",
    )
    rows, age = await look()
    assert rows == 5
    assert age == pytest.approx(HOUR, abs=120)
    await change(database, "TRUNCATE messaging.outbox")
    assert await look() == (0, 0)


async def test_what_is_parked_shows_its_age_until_it_is_abandoned(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    await earn.tell([refunded("o1", "m1"), refunded("o2", "m1")])
    await earn.writer.close()
    await change(
        database,
        "UPDATE messaging.parked SET parked_at = parked_at - interval '5 days'"
        " WHERE awaits = 'order/o1/paid'",
    )
    shown = Shown(database, "earn")

    async def look(abandon_after: timedelta) -> list[float | None]:
        monitor = Monitor(shown.settings, GROUP, shown.metrics, abandon_after=abandon_after)
        await shown.sample(database, monitor)
        await shown.sample(database, monitor)
        return [
            shown.value(f"points_parked_{name}", consumer_group=GROUP)
            for name in ("events", "abandoned_events", "oldest_age_seconds")
        ]

    *counts, age = await look(timedelta(days=30))
    assert counts == [2, 0]
    assert age == pytest.approx(5 * DAY, abs=120)
    *counts, age = await look(timedelta(days=3))
    assert counts == [1, 1]
    assert age == pytest.approx(0, abs=120)


async def test_what_is_due_shows_until_it_is_swept(database: Database) -> None:
    await give_lots(database, {"ann": [(PAST, 5), (PAST + timedelta(days=1), 7)], "bob": []})
    shown = Shown(database, "expiry")
    monitor = OverdueMonitor(shown.settings, shown.metrics)

    async def look() -> list[float | None]:
        await shown.sample(database, monitor)
        return [
            shown.value(f"points_expiry_{name}", service="expiry")
            for name in ("overdue_lots", "oldest_overdue_age_seconds")
        ]

    lots, age = await look()
    assert lots == 2
    # The day was over at midnight in Shanghai.
    over = unix_seconds() - 1_767_196_800
    assert age == pytest.approx(over, abs=120)
    assert not shown.value("points_expiry_last_success_timestamp_seconds", service="expiry")
    async with open_desk(database) as desk:
        await desk.work()
    assert await look() == [0, 0]
    swept_at = shown.value("points_expiry_last_success_timestamp_seconds", service="expiry")
    assert swept_at == pytest.approx(unix_seconds(), abs=120)


async def test_what_a_channel_waits_with_and_gave_up_on_shows(database: Database) -> None:
    await notices.begin(database)
    async with notices.telling(database) as notify:
        await notify.tell(reminder("m1"), reminder("m2"))
    shown = Shown(database, "notify")
    monitor = NotifyMonitor(shown.settings, "points-notify", shown.metrics, [WEBHOOK])

    async def look() -> list[float | None]:
        await shown.sample(database, monitor)
        return [
            shown.value(f"points_notifications_{name}", channel=WEBHOOK)
            for name in ("waiting", "dead", "oldest_age_seconds")
        ]

    waiting, dead, age = await look()
    assert (waiting, dead) == (2, 0)
    assert age == pytest.approx(0, abs=120)
    await change(
        database,
        "UPDATE notify.message SET created_at = created_at - interval '1 hour';"
        "UPDATE notify.delivery SET dead_at = now() WHERE member_id = 'm2'",
    )
    waiting, dead, age = await look()
    assert (waiting, dead) == (1, 1)
    assert age == pytest.approx(HOUR, abs=120)
