"""What comes before what it needs waits, applies as soon as that comes, and is never an error."""

import asyncio
from datetime import timedelta

import orjson
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr, TypeAdapter

from services.earn.handlers import GROUP
from shared.contract.parking import EventAbandoned
from shared.pipeline.monitor import Monitor
from shared.platform.metrics import Metrics
from shared.platform.settings import DatabaseSettings
from tests.integration.earn.desk import entries, expected, now, standings
from tests.integration.pipeline.desk import (
    begin,
    dead_letters,
    parked,
    replayed,
    rows,
    started,
    tell_records,
    until,
)
from tests.support.databases import Database, owner_of
from tests.support.model import Rules, World
from tests.support.tellings import AT, Story, checked_in, paid, refunded, shared

pytestmark = pytest.mark.integration


def world_of(told: list[Story]) -> World:
    world = World(Rules())
    for event_type, data in told:
        world.tell({"type": event_type, "data": data}, now())
    return world


EARLY = [
    [refunded("o1", "m1"), paid("o1", "m1")],
    [refunded("o1", "m1", "r2", 300), refunded("o1", "m1"), paid("o1", "m1")],
    [shared("o1", "m2", "m1"), paid("o1", "m1")],
    [shared("o1", "m2", "m1"), refunded("o1", "m1", minor=1_000), paid("o1", "m1")],
    [refunded("o1", "m1", minor=1_000), shared("o1", "m2", "m1"), paid("o1", "m1")],
    [refunded("o1", "m2"), refunded("o1", "m1"), paid("o1", "m1")],
    [shared("o1", "m2", "m3"), paid("o1", "m1")],
    [shared("o1", "m1", "m1"), paid("o1", "m1")],
]


@pytest.mark.parametrize("told", EARLY, ids=[str(n) for n in range(len(EARLY))])
@pytest.mark.parametrize("batch", [1, 500], ids=["batch-each", "one-batch"])
async def test_what_comes_early_ends_the_same(
    database: Database, told: list[Story], batch: int
) -> None:
    world = world_of(told)
    await begin(database)
    earn = await started(database, batch=batch)
    await earn.tell(told)
    await earn.writer.close()
    assert await standings(database) == expected(world)
    reasons = sorted([row["reason"] for row in await dead_letters(database)])
    assert reasons == sorted([reason for _, reason in world.dead])
    assert await parked(database) == []


@pytest.mark.parametrize("batch", [1, 500])
async def test_of_two_sharers_that_wait_one_is_paid(database: Database, batch: int) -> None:
    await begin(database)
    earn = await started(database, batch=batch)
    await earn.tell([shared("o1", "m2", "m1"), shared("o1", "m3", "m1"), paid("o1", "m1")])
    await earn.writer.close()
    found = await entries(database)
    assert sorted([found["m2"][0][2], found["m3"][0][2]]) == [0, 50]


async def test_a_refund_waits_under_its_orders_cause(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    await tell_records(earn, [refunded("o1", "m1")])
    [waiting] = await parked(database)
    assert (waiting["awaits"], waiting["cause"]) == ("order/o1/paid", "order/o1/refund/r1")
    assert await entries(database) == {}
    await tell_records(earn, [paid("o1", "m1")])
    await earn.writer.close()
    told = [(cause, points) for cause, _, points, _ in (await entries(database))["m1"]]
    assert told == [("order/o1/paid", 10), ("order/o1/refund/r1", -5)]


async def test_one_of_another_member_is_released_as_a_command(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    await tell_records(earn, [shared("o1", "sharer", "friend")])
    await tell_records(earn, [paid("o1", "friend")])
    sent = await rows(
        database, "SELECT * FROM messaging.outbox WHERE aggregatetype = 'ledger-commands.v1'"
    )
    assert [(row["type"], row["aggregateid"]) for row in sent] == [("share.ordered.v1", "sharer")]
    assert await parked(database) == []
    assert "sharer" not in await entries(database)
    await earn.tell([])
    await earn.writer.close()
    [(cause, kind, points, _)] = (await entries(database))["sharer"]
    assert (cause, kind, points) == ("share/order/o1", "earned", 50)


async def test_a_refund_of_a_wrong_member_waits_and_then_is_a_dead_letter(
    database: Database,
) -> None:
    await begin(database)
    earn = await started(database)
    await earn.tell([refunded("o1", "stranger")])
    assert len(await parked(database)) == 1
    await earn.tell([paid("o1", "m1")])
    await earn.writer.close()
    [letter] = await dead_letters(database)
    assert (letter["reason"], letter["member_id"]) == ("order-of-another-member", "stranger")
    assert letter["detail"] == "expected order o1 to be of member m1, got stranger"
    assert set(await standings(database)) == {"m1"}


async def test_one_told_again_while_it_waits_is_kept_once(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    early = refunded("o1", "m1")
    await tell_records(earn, [early, early])
    await tell_records(earn, [early])
    assert len(await parked(database)) == 1
    await tell_records(earn, [refunded("o1", "m1", minor=700), paid("o1", "m1"), early])
    await earn.writer.close()
    [letter] = await dead_letters(database)
    assert letter["reason"] == "conflict"
    assert [line[2] for line in (await entries(database))["m1"]] == [10, -5]


async def test_what_waited_too_long_is_told_once_and_still_applies(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    await tell_records(earn, [refunded("o1", "m1"), refunded("o2", "m1")])
    async with owner_of(database) as owner:
        await owner.execute(
            "UPDATE messaging.parked SET parked_at = parked_at - interval '31 days'"
            " WHERE awaits = 'order/o1/paid'"
        )
    metrics = Metrics(CollectorRegistry(), "earn")
    monitors = [
        Monitor(
            DatabaseSettings(url=SecretStr(database.dsn("jifen_earn"))),
            GROUP,
            metrics,
            abandon_after=timedelta(days=30),
        )
        for _ in range(2)
    ]
    sampling = [asyncio.create_task(monitor.run()) for monitor in monitors]
    await until(lambda: all(monitor._problem is None for monitor in monitors))
    for task in sampling:
        task.cancel()
    await asyncio.wait(sampling)
    told = await rows(database, "SELECT * FROM messaging.outbox WHERE aggregatetype = 'parking.v1'")
    assert [row["type"] for row in told] == ["event.abandoned.v1"]
    event = TypeAdapter(EventAbandoned).validate_json(told[0]["payload"])
    assert (event.member_id, event.awaits, event.offset) == ("m1", "order/o1/paid", 0)
    assert orjson.loads(told[0]["payload"])["topic"] == "orders.v1"
    assert [row["abandoned_at"] is None for row in await parked(database)] == [False, True]
    await tell_records(earn, [paid("o1", "m1")])
    await earn.writer.close()
    assert [line[2] for line in (await entries(database))["m1"]] == [10, -5]


async def test_what_is_too_large_to_be_sent_on_is_buried_and_its_waker_applies(
    database: Database,
) -> None:
    await begin(database)
    earn = await started(database)
    lines = [{"line_id": f"{'x' * 50}-{n:04d}", "paid_minor": 100} for n in range(1_000)]
    told = {"refund_id": "r1", "order_id": "o1", "member_id": "m2", "refunded_at": AT}
    await earn.tell([("order.refunded.v1", {**told, "lines": lines})])
    assert len(await parked(database)) == 1
    await earn.tell([paid("o1", "m1", 10_000)])
    assert {name: points for name, (points, _) in (await standings(database)).items()} == {
        "m1": 100
    }
    [dead] = await dead_letters(database)
    assert (dead["reason"], dead["member_id"], dead["isolated"]) == ("too-large", "m2", False)
    assert "65536 bytes" in dead["detail"]
    assert await parked(database) == []
    await earn.writer.write(await replayed(database, earn))
    assert [row["reason"] for row in await dead_letters(database)][1:] == [
        "order-of-another-member"
    ]
    await earn.writer.close()


async def test_what_a_woken_event_wakes_wakes_with_it(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    reversal = {
        "member_id": "s",
        "friend_id": "f",
        "order_id": "o1",
        "refund_id": "r1",
        "points": 50,
        "expires_on": "2027-11-30",
        "refunded_at": AT,
    }
    payload = orjson.dumps(reversal).decode()
    await earn.writer.write([earn.command("r1", "share.bonus-reversed.v1", payload)])
    await earn.tell([shared("o1", "s", "f")])
    assert [row["awaits"] for row in await parked(database)] == ["share/order/o1", "order/o1/paid"]
    await earn.tell([paid("o1", "f"), checked_in("s")])
    assert await parked(database) == []
    await earn.writer.close()
