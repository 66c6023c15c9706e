"""What members are told: each thing once, statuses in order, on PostgreSQL without Kafka."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from shared.contract import points, redemption_events
from shared.contract.codec import Event, encode_structured
from shared.contract.redemption_events import RedemptionShipped, RedemptionToShip
from shared.contract.wire import Wire
from tests.integration.notify.desk import (
    announced,
    begin,
    deliveries,
    inbox,
    messages,
    rows,
    telling,
    told_once,
)
from tests.integration.notify.told import (
    cancelled,
    earned,
    expected,
    expired,
    lives,
    moved,
    raw,
    rejected,
    reminder,
)
from tests.support.databases import Database, owner_of

pytestmark = pytest.mark.integration


async def test_a_member_reads_what_happened(database: Database) -> None:
    await begin(database)
    async with owner_of(database) as owner:
        await owner.execute(
            "INSERT INTO redeem.reward (reward_id, revision, body) VALUES ('mug', 1, $1)",
            b'{"title": "A mug"}',
        )
    async with telling(database) as notify:
        await notify.tell(reminder("ann"), expired("ann"), moved("ann", RedemptionToShip, 2))
        await notify.tell(rejected("ann", name="r2"))
    bought = {"reward_id": "mug", "quantity": 1, "points": 100, "title": "A mug"}
    assert await messages(database, "ann") == [
        ("expiry-reminder-30", {"stage": 30, "points": 50, "expires_on": "2026-01-31"}),
        ("points-expired", {"points": 50, "expires_on": "2026-01-31"}),
        ("redemption-to-ship", {"redemption_id": "r1", **bought}),
        ("redemption-rejected", {"redemption_id": "r2", **bought, "reason": "out-of-stock"}),
    ]
    said = await announced(database)
    assert [kind for kind, _ in said] == ["notification.sent.v1"] * 4
    assert [data["template"] for _, data in said] == [
        template for template, _ in await messages(database, "ann")
    ]
    assert await deliveries(database) == await inbox(database)


async def test_the_first_stage_is_for_the_inbox_alone(database: Database) -> None:
    await begin(database)
    async with telling(database) as notify:
        await notify.tell(reminder("ann", 90), reminder("ann", 30))
    assert len(await inbox(database)) == 2
    assert await deliveries(database) == {("ann", "expiry/2026-01-31/reminder/30")}


async def test_without_a_webhook_nothing_waits(database: Database) -> None:
    await begin(database)
    async with telling(database, webhook=False) as notify:
        await notify.tell(reminder("ann"))
    assert len(await inbox(database)) == 1
    assert await deliveries(database) == set()


async def test_nobody_is_told_of_a_status_after_a_later_one(database: Database) -> None:
    await begin(database)
    shipped, to_ship = moved("ann", RedemptionShipped, 3), moved("ann", RedemptionToShip, 2)
    async with telling(database) as notify:
        await notify.tell(shipped)
        await notify.tell(to_ship, shipped)
        await notify.tell(cancelled("bob", 2), moved("bob", RedemptionToShip, 1))
    assert await inbox(database) == {
        ("ann", "redemption/r1/shipped"),
        ("bob", "redemption/r1/cancelled"),
    }
    assert notify.processed(redemption_events.TOPIC, "duplicate") == 3


async def test_what_nobody_is_told_of_is_counted_and_not_even_decoded(database: Database) -> None:
    await begin(database)
    topic, key, _, headers = raw(earned("ann"))
    value, structured = encode_structured(Event(id="e", source="/test", data=earned("ann")))
    async with telling(database) as notify:
        await notify.tell_raw([(topic, key, b"no JSON", headers)])
        await notify.tell_raw([(topic, key, value, structured)])
    assert notify.processed(points.TOPIC, "ignored") == 2
    assert await inbox(database) == set()
    assert await rows(database, "SELECT * FROM messaging.dead_letter") == []


async def test_what_breaks_the_contract_is_kept_and_the_rest_goes_on(database: Database) -> None:
    await begin(database)
    topic, key, _, headers = raw(expired("ann"))
    odd = raw(replace(expired("ann"), reason={"rule": "expiry"}))
    async with telling(database) as notify:
        await notify.tell_raw([(topic, key, b"{}", headers), odd, raw(expired("bob"))])
    dead = await rows(database, "SELECT reason, detail FROM messaging.dead_letter ORDER BY id")
    assert [row["reason"] for row in dead] == ["invalid-data", "invalid-data"]
    assert "reason.expires_on: expected a day" in dead[1]["detail"]
    assert await inbox(database) == {("bob", "expiry/2026-01-31/1")}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_repeats_and_old_events_tell_nobody_twice(database: Database, seed: int) -> None:
    await begin(database)
    told = lives(20, seed)
    async with telling(database, batch=7 * seed) as notify:
        await notify.tell(*told)
    await told_once(database, expected(told))
    async with telling(database, partition=1) as again:
        await again.tell(*told)
    await told_once(database, expected(told))


async def test_two_writers_told_the_same_at_once_tell_it_once(database: Database) -> None:
    """As when a sender that partitions otherwise repeats what another had sent."""
    await begin(database)
    told = [event for event in lives(30, 7) if not _is_status(event)]
    parts = [told, list(reversed(told)), told]
    async with AsyncExitStack() as stack:
        tellers = [
            await stack.enter_async_context(telling(database, batch=10, partition=n))
            for n in range(3)
        ]
        await asyncio.gather(*(one.tell(*part) for one, part in zip(tellers, parts, strict=True)))
    await told_once(database, expected(told))


async def test_a_message_is_written_by_the_role_and_changed_by_nobody(database: Database) -> None:
    await begin(database)
    async with telling(database) as notify:
        await notify.tell(reminder("ann"))
    found = await rows(
        database,
        "SELECT has_table_privilege('jifen_notify', 'notify.message', 'UPDATE') AS changes,"
        " has_table_privilege('jifen_notify', 'notify.message', 'DELETE') AS deletes,"
        " has_table_privilege('jifen_notify', 'ledger.account', 'SELECT') AS reads,"
        " has_table_privilege('jifen_mall', 'read.message_v1', 'SELECT') AS shows",
    )
    assert tuple(found[0]) == (False, False, False, True)


def _is_status(event: Wire) -> bool:
    return event.topic == redemption_events.TOPIC
