"""Reservations that nobody confirms: released by themselves, once, also after a downtime."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from shared.platform.metrics import Metrics
from tests.integration.consuming.crew import Place
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import (
    entries,
    of_today,
    open_shop,
    pass_time,
    release,
    releasing,
    rows,
    stock_adds_up,
    teller,
)
from tests.integration.redeem.doors import furnish, opened, send
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, owner_of
from tests.support.model import Reward, Rules
from tests.support.model.errands import about, request

pytestmark = pytest.mark.integration

MUG = Reward(id="mug", points=100, stock=1_000)
MEMBERS = [f"m{n:03}" for n in range(250)]


_WAITING = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
_NOT_BOB = "ALTER TABLE ledger.entry ADD CONSTRAINT not_bob CHECK (member_id <> 'bob') NOT VALID"


async def reserved(database: Database, members: list[str], points: int = 60) -> None:
    today = Rules().day(now())
    await open_shop(database, [MUG], {name: of_today(today, points) for name in members})
    redeem = await teller(database)
    await redeem.tell([request(name, "r1", now()) for name in members])
    await redeem.writer.close()


async def held(database: Database) -> int:
    return len(await rows(database, "SELECT 1 FROM redeem.redemption WHERE status = 'reserved'"))


async def returned(database: Database) -> list[int]:
    found = await rows(database, "SELECT points FROM ledger.entry WHERE kind = 'returned'")
    return [row["points"] for row in found]


async def commands(database: Database) -> int:
    return len(await rows(database, "SELECT 1 FROM redeem.command"))


async def refused(database: Database) -> list[tuple[str, str]]:
    """Read who was told that a parcel can't be, and why; nothing waits any more."""
    assert await rows(database, "SELECT 1 FROM messaging.parked") == []
    dead = await rows(database, "SELECT member_id, reason FROM messaging.dead_letter ORDER BY 1")
    return [(row["member_id"], row["reason"]) for row in dead]


def counted(metrics: Metrics) -> float | None:
    name, labels = "points_reservations_released_total", {"service": "redeem"}
    return metrics.registry.get_sample_value(name, labels)


async def test_nothing_is_released_before_its_time(database: Database) -> None:
    await reserved(database, ["ann"])
    await pass_time(database, timedelta(minutes=14))
    assert await release(database) == 0
    await pass_time(database, timedelta(minutes=1))
    assert await release(database) == 1
    assert (await entries(database))["ann"][1:] == [
        ("redemption/r1/reserve", "redeemed", -100, 80),
        ("redemption/r1/return", "returned", 100, 180),
    ]
    assert await release(database) == 0


async def test_two_loops_after_a_downtime_release_everything_once(database: Database) -> None:
    await reserved(database, MEMBERS)
    await pass_time(database, timedelta(days=3))
    async with (
        releasing(database, every_seconds=0.01) as one,
        releasing(database, every_seconds=0.01) as other,
    ):
        tasks = [asyncio.create_task(loop.run()) for loop in (one, other)]
        while await held(database):  # noqa: ASYNC110 - the loops have no event for it
            await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await one.release_page() == 0
    assert await commands(database) == 0
    assert await returned(database) == [100] * len(MEMBERS)
    assert await stock_adds_up(database)
    events = await rows(
        database,
        "SELECT DISTINCT payload::json ->> 'reason' AS reason, event_id FROM messaging.outbox"
        " WHERE type = 'redemption.cancelled.v1'",
    )
    assert len(events) == len(MEMBERS)
    assert {row["reason"] for row in events} == {"reservation-expired"}


async def test_two_that_find_the_same_release_it_once_and_leave_nothing_behind(
    database: Database,
) -> None:
    await reserved(database, ["ann", "bob"], points=100)
    redeem = await teller(database, partition=1)
    await redeem.tell([request("ann", "r2", now())])
    await redeem.writer.close()
    before = await commands(database)
    await pass_time(database, timedelta(minutes=15))
    metrics = [Metrics(CollectorRegistry(), "redeem") for _ in range(2)]
    async with releasing(database, metrics[0]) as one, releasing(database, metrics[1]) as other:
        # Whoever comes second waits for the locks, and finds nothing that is due any more.
        async with owner_of(database) as owner, owner.transaction():
            await owner.execute("SELECT FROM ledger.account FOR UPDATE")
            pages = [asyncio.create_task(loop.release_page()) for loop in (one, other)]
            while len(await rows(database, _WAITING)) < len(pages):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        found = await asyncio.gather(*pages)
    assert sorted(found) == [0, 3]
    assert [counted(one) for one in metrics] == found
    assert await returned(database) == [100, 100, 100]
    assert await commands(database) == before


async def test_a_confirmation_that_comes_too_late_is_refused_and_releases(
    database: Database,
) -> None:
    await reserved(database, ["ann"])
    await pass_time(database, timedelta(minutes=15))
    redeem = await teller(database, partition=1)
    await redeem.tell([about("redemption.confirmed.v1", "ann", "r1", now())])
    await redeem.writer.close()
    assert await returned(database) == [100]
    (answer,) = await rows(
        database,
        "SELECT answer::json ->> 'reason' AS reason FROM redeem.command"
        " WHERE cause = 'redemption/r1/confirm'",
    )
    assert answer["reason"] == "reservation-expired"
    assert await release(database) == 0


async def test_one_member_whose_rows_are_wrong_keeps_nothing_from_the_others(
    database: Database,
) -> None:
    await reserved(database, ["ann", "bob", "cat"])
    await pass_time(database, timedelta(minutes=15))
    async with owner_of(database) as owner:
        await owner.execute(_NOT_BOB)
    assert await release(database) == 2
    assert await returned(database) == [100, 100]
    assert await release(database) == 0
    async with releasing(database) as releases:
        assert await releases.release_page() == 0
        async with owner_of(database) as owner:
            await owner.execute("ALTER TABLE ledger.entry DROP CONSTRAINT not_bob")
        # Left alone for a while: each try costs those who are in the batch with it.
        assert await releases.release_page() == 0
    assert await release(database) == 1


async def test_a_page_of_members_that_raise_keeps_nobody_behind_it_waiting(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.redeem.releases.PAGE", 1)
    await reserved(database, ["ann", "bob"])
    await pass_time(database, timedelta(minutes=15))
    async with owner_of(database) as owner:
        await owner.execute(_NOT_BOB)
        await owner.execute(
            "UPDATE redeem.redemption SET reserved_until = reserved_until - interval '1 minute'"
            " WHERE member_id = 'bob'"
        )
    async with releasing(database) as releases:
        assert [await releases.release_page() for _ in range(3)] == [0, 1, 0]
    assert await returned(database) == [100]


async def test_a_parcel_that_waited_for_a_confirmation_learns_that_none_comes(
    database: Database,
) -> None:
    await reserved(database, ["ann", "bob", "cat"])
    redeem = await teller(database, partition=1)
    parcels = [about("shipment.sent.v1", name, "r1", now()) for name in ("ann", "bob", "cat")]
    await redeem.tell(parcels)
    assert len(await rows(database, "SELECT 1 FROM messaging.parked")) == 3
    # Another member's redemption of the same name is none of theirs.
    await redeem.tell([about("redemption.confirmed.v1", "ann", "r1", now())])
    await redeem.tell([about("redemption.cancelled.v1", "bob", "r1", now())])
    await pass_time(database, timedelta(minutes=15))
    # Whatever cat does releases what is due of cat's, and with it the parcel.
    await redeem.tell([request("cat", "r2", now(), quantity=999)])
    await redeem.writer.close()
    assert await refused(database) == [
        ("bob", "redemption-cancelled"),
        ("cat", "redemption-cancelled"),
    ]
    shipped = await rows(database, "SELECT member_id FROM redeem.redemption WHERE version = 3")
    assert [row["member_id"] for row in shipped] == ["ann"]


async def test_the_release_of_a_silent_member_wakes_the_parcel(database: Database) -> None:
    await reserved(database, ["ann", "bob"])
    redeem = await teller(database, partition=1)
    await redeem.tell([about("shipment.sent.v1", name, "r1", now()) for name in ("ann", "bob")])
    await redeem.tell([about("redemption.confirmed.v1", "bob", "r1", now())])
    await redeem.writer.close()
    assert await release(database) == 0
    assert len(await rows(database, "SELECT 1 FROM messaging.parked")) == 1
    await pass_time(database, timedelta(minutes=15))
    assert await release(database) == 1
    assert await refused(database) == [("ann", "redemption-cancelled")]


async def test_what_ended_while_redeem_was_down_is_released_when_it_is_up(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    await furnish(database, kafka, MUG, ann=60)
    async with opened(place) as door:
        made = (await door.reserve("ann", "k1")).json()
        send(kafka, [about("shipment.sent.v1", "ann", made["redemption_id"], now())])
        while not await rows(database, "SELECT 1 FROM messaging.parked"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await pass_time(database, timedelta(minutes=15))
    async with opened(place) as door:
        line = 'points_reservations_released_total{service="redeem"} 1.0'
        while line not in (await door.client.get("/metrics")).text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        read = (await door.read("ann", made["redemption_id"])).json()
    assert (read["status"], read["version"]) == ("cancelled", 2)
    assert await refused(database) == [("ann", "redemption-cancelled")]


async def test_a_parcel_goes_on_waiting_in_the_row_it_has(database: Database) -> None:
    await reserved(database, ["ann"])
    redeem = await teller(database, partition=1)
    await redeem.tell([about("shipment.sent.v1", "ann", "r1", now())])
    before = await rows(database, "SELECT id, parked_at FROM messaging.parked")
    await redeem.tell([request("ann", "r2", now(), quantity=999)])
    await redeem.writer.close()
    assert await rows(database, "SELECT id, parked_at FROM messaging.parked") == before


@pytest.mark.parametrize("batch", [1, 500])
async def test_who_was_never_given_points_gets_no_account_by_asking(
    database: Database, batch: int
) -> None:
    await reserved(database, ["ann"])
    writers = [await teller(database, batch=batch, partition=n) for n in (1, 2)]
    strangers = [f"s{n}" for n in range(20)]
    told = [request(name, "r1", now()) for name in strangers]
    told += [about("redemption.confirmed.v1", name, "r1", now()) for name in strangers]
    told += [about("shipment.sent.v1", name, "r1", now()) for name in strangers]
    await asyncio.gather(writers[0].tell(told), writers[1].tell(told))
    for one in writers:
        await one.writer.close()
    accounts = await rows(database, "SELECT member_id FROM ledger.account")
    assert [row["member_id"] for row in accounts] == ["ann"]
    answers = await rows(
        database,
        "SELECT answer::json ->> 'reason' AS reason, count(*) AS n FROM redeem.command"
        " WHERE member_id <> 'ann' GROUP BY 1 ORDER BY 1",
    )
    assert [tuple(row) for row in answers] == [
        ("insufficient-points", 20),
        ("redemption-rejected", 20),
    ]
    events = await rows(
        database, "SELECT 1 FROM messaging.outbox WHERE type = 'redemption.rejected.v1'"
    )
    assert len(events) == 20
    assert await rows(database, "SELECT 1 FROM messaging.parked") == []


async def test_what_is_told_again_is_counted_as_a_duplicate(database: Database) -> None:
    await reserved(database, ["ann"])
    redeem = await teller(database, partition=1)
    told = [request("ann", "r1", now()), request("ann", "r2", now(), quantity=999)]
    await redeem.tell([*told, *told])
    await redeem.writer.close()
    count = redeem.writer.tally.metrics.registry.get_sample_value
    labels = {"service": "redeem", "topic": "redemptions.v1"}
    name = "points_events_processed_total"
    assert count(name, {**labels, "outcome": "applied"}) == 1
    assert count(name, {**labels, "outcome": "duplicate"}) == 3
