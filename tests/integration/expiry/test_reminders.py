"""Reminders: on what is unspent, one per member, date and stage, none missed by a downtime."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from pydantic import TypeAdapter

from services.expiry.runs import DatabaseRuns
from shared.contract.reminders import ExpiryReminderDue
from shared.expiry.forecast import forecast
from tests.integration.expiry.desk import (
    announced,
    expired,
    give_lots,
    open_desk,
    reminders,
    rows,
    settings_of,
)
from tests.support.databases import Database
from tests.support.own_clock import come_to, give_clock

pytestmark = pytest.mark.integration

END = date(2026, 12, 31)


def noon(days_before: int) -> datetime:
    """The middle of a day in Shanghai, so many days before END."""
    return datetime.combine(END - timedelta(days=days_before), time(4), UTC)


async def test_each_stage_is_told_on_its_day_with_what_is_left_then(database: Database) -> None:
    await give_clock(database)
    await give_lots(database, {"ann": [(END, 5), (date.max, 9)], "bob": [(END - timedelta(1), 3)]})
    async with open_desk(database) as desk:
        for days_before in (91, 90, 89, 31, 30, 29, 8, 7, 6, 2, 1, 0, -1, -2):
            await come_to(database, noon(days_before))
            await desk.work()
            await desk.work()
        assert desk.sample("points_reminders_planned_total", stage="30") == 2
    assert await reminders(database) == [
        ("bob", END - timedelta(1), 90, 3),
        ("ann", END, 90, 5),
        ("bob", END - timedelta(1), 30, 3),
        ("ann", END, 30, 5),
        ("bob", END - timedelta(1), 7, 3),
        ("ann", END, 7, 5),
        ("bob", END - timedelta(1), 1, 3),
        ("ann", END, 1, 5),
    ]
    assert len(await expired(database)) == 2


async def test_the_event_is_the_one_that_was_promised(database: Database) -> None:
    await give_clock(database)
    await give_lots(database, {"ann": [(END, 5)]})
    await come_to(database, noon(7))
    async with open_desk(database) as desk:
        await desk.work()
    (row,) = await announced(database)
    assert (row["event_id"], row["type"]) == ("ann/2026-12-31/7", "expiry.reminder-due.v1")
    event = TypeAdapter(ExpiryReminderDue).validate_json(row["payload"])
    assert (event.member_id, event.stage, event.expires_on, event.points, event.at) == (
        "ann",
        7,
        END,
        5,
        noon(7),
    )


async def test_what_is_spent_is_not_reminded_of(database: Database) -> None:
    await give_clock(database)
    await give_lots(database, {"ann": [(END, 5)], "bob": [(END, 5)]})
    async with open_desk(database) as desk:
        await come_to(database, noon(30))
        await desk.work()
        await rows(database, "UPDATE ledger.lot SET points = 0 WHERE member_id = 'ann'")
        await rows(database, "UPDATE ledger.lot SET points = 2 WHERE member_id = 'bob'")
        await come_to(database, noon(7))
        await desk.work()
    assert await reminders(database) == [
        ("ann", END, 30, 5),
        ("bob", END, 30, 5),
        ("bob", END, 7, 2),
    ]


async def test_a_downtime_sends_the_latest_stage_and_counts_the_others(
    database: Database,
) -> None:
    await give_clock(database)
    await give_lots(
        database,
        {
            "ann": [(END, 5)],
            "bob": [(END + timedelta(days=12), 3)],
            "cat": [(END - timedelta(days=6), 2)],
        },
    )
    async with open_desk(database) as desk:
        await come_to(database, noon(40))
        await desk.work()
    async with open_desk(database) as desk:
        await come_to(database, noon(4))
        await desk.work()
        lost = {
            stage: desk.sample("points_reminders_skipped_total", stage=str(stage))
            for stage in (90, 30, 7, 1)
        }
    assert await reminders(database) == [
        ("ann", END, 90, 5),
        ("bob", END + timedelta(days=12), 90, 3),
        ("cat", END - timedelta(days=6), 90, 2),
        ("ann", END, 7, 5),
        ("bob", END + timedelta(days=12), 30, 3),
    ]
    # Of ann the stage of 30 days, of cat all but the first: that date is over.
    assert lost == {90: 0, 30: 2, 7: 1, 1: 1}
    (skipped,) = await rows(database, "SELECT sum(skipped)::bigint FROM expiry.bucket")
    assert skipped[0] == sum(lost.values())


async def test_nobody_is_told_before_the_hour(database: Database) -> None:
    await give_clock(database)
    await give_lots(database, {"ann": [(END, 5)]})
    async with open_desk(database, hour=9) as desk:
        await come_to(database, noon(7) - timedelta(hours=3, seconds=1))
        await desk.work()
        assert await reminders(database) == []
        await come_to(database, noon(7) - timedelta(hours=3))
        await desk.work()
    assert len(await reminders(database)) == 1


async def test_a_plan_that_was_interrupted_is_finished_and_tells_nobody_twice(
    database: Database,
) -> None:
    await give_clock(database)
    names = [f"m{n}" for n in range(500)]
    await give_lots(database, {name: [(END, 5), (END - timedelta(days=6), 1)] for name in names})
    await come_to(database, noon(7))
    async with open_desk(database) as desk:
        await desk.work()
    told = await reminders(database)
    assert len(told) == 2 * len(names)
    # As after a kill: reminders of some parts are there, and nothing says that they are through.
    await rows(database, "UPDATE expiry.bucket SET planned_through = NULL WHERE bucket % 2 = 0")
    await rows(database, "DELETE FROM expiry.reminder WHERE expiry.bucket_of(member_id) IN (2, 4)")
    await rows(
        database,
        "DELETE FROM messaging.outbox WHERE aggregatetype = 'reminders.v1'"
        " AND expiry.bucket_of(aggregateid) IN (2, 4)",
    )
    async with open_desk(database) as one, open_desk(database) as two:
        await one.work()
        await two.work()
    assert await reminders(database) == told
    events = [json.loads(row["payload"]) for row in await announced(database)]
    assert sorted((one["member_id"], one["stage"]) for one in events) == sorted(
        (member, stage) for member, _, stage, _ in told
    )


@pytest.mark.parametrize("stage", [7, 1])
async def test_points_that_come_later_on_that_day_are_told_of_the_day_after(
    database: Database, stage: int
) -> None:
    await give_clock(database)
    await give_lots(database, {"ann": [(END, 5)]})
    async with open_desk(database) as desk:
        await come_to(database, noon(stage))
        await desk.work()
        await give_lots(database, {"ann": [(END, 4)], "bob": [(END, 3)]})
        await desk.work()
        assert await reminders(database) == [("ann", END, stage, 5)]
        await come_to(database, noon(stage - 1))
        await desk.work()
        await desk.work()
    assert await reminders(database) == [("ann", END, stage, 5), ("bob", END, stage, 3)]
    assert len(await announced(database)) == 2


async def test_an_operators_run_tells_who_was_not_told(database: Database) -> None:
    await give_clock(database)
    await give_lots(database, {"ann": [(END, 5)]})
    async with open_desk(database) as desk:
        for days_before in (31, 30, 20):
            await come_to(database, noon(days_before))
            await desk.work()
        # Too late for the day of 30 days and the one after it.
        await give_lots(database, {"bob": [(END, 3), (END + timedelta(days=20), 2)]})
        await desk.work()
        assert [member for member, *_ in await reminders(database)] == ["ann", "ann"]
        shown = (await forecast(desk.connection, None)).reminders
        assert (shown[30].members, shown[90].members) == (1, 1)
        await DatabaseRuns(settings_of(database)).request(None, "joe")
        await desk.work()
    assert await reminders(database) == [
        ("ann", END, 90, 5),
        ("ann", END, 30, 5),
        ("bob", END, 30, 3),
        ("bob", END + timedelta(days=20), 90, 2),
    ]
    assert len(await announced(database)) == 4


async def test_a_run_waits_for_the_hour_unless_told_otherwise(database: Database) -> None:
    await give_clock(database)
    await give_lots(database, {"ann": [(END, 5)]})
    runs = DatabaseRuns(settings_of(database))
    async with open_desk(database, hour=9) as desk:
        await come_to(database, noon(7) - timedelta(hours=10))
        await runs.request(None, "joe")
        await desk.work()
        assert await reminders(database) == []
        await runs.request(None, "joe", remind_now=True)
        await desk.work()
        await come_to(database, noon(7))
        await desk.work()
    assert await reminders(database) == [("ann", END, 7, 5)]
