"""A bug must not drain a topic into the dead letters, and nothing it touched may be lost."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from services.earn.handlers import GROUP
from shared.pipeline.command import Command
from shared.pipeline.operator import Choice, find_open, release_brake, show_brakes
from shared.pipeline.store import is_braked
from tests.integration.earn.desk import Teller, expected, now, standings
from tests.integration.pipeline.desk import begin, dead_letters, replayed, rows, started, until
from tests.integration.pipeline.doubles import Buggy
from tests.support.databases import Database, owner_of
from tests.support.model import Rules, World
from tests.support.tellings import Story, checked_in, paid, refunded

pytestmark = pytest.mark.integration


def busy_day(members: int = 100) -> list[Story]:
    orders = [paid(f"o{n}", f"m{n}", 1_000 + n) for n in range(members)]
    check_ins = [checked_in(f"m{n}") for n in range(members)]
    refunds = [refunded(f"o{n}", f"m{n}") for n in range(0, members, 2)]
    return orders + check_ins + refunds


def world_of(told: Sequence[Story]) -> World:
    world = World(Rules())
    for event_type, data in told:
        world.tell({"type": event_type, "data": data}, now())
    return world


def breaks(command: Command) -> bool:
    return command.event.type == "order.paid.v1" and int(command.member_id[1:]) % 3 > 0


async def offsets(database: Database) -> list[dict[str, Any]]:
    found = await rows(database, "SELECT * FROM messaging.consumer_offset ORDER BY topic")
    return [dict(row) for row in found]


async def cancelled(task: "asyncio.Task[None]", earn: Teller) -> None:
    """End a writer as a kill would."""
    task.cancel()
    await asyncio.wait({task})
    await earn.writer.close()


@pytest.mark.parametrize("batch", [1, 40, 500])
async def test_a_bug_stops_consumption_and_nothing_is_lost(database: Database, batch: int) -> None:
    told = busy_day()
    await begin(database)
    earn = await started(database, Buggy(raises_for=breaks), batch=batch)
    records = [earn.record(*story) for story in told]
    writing = asyncio.create_task(earn.writer.write(records))
    await until(lambda: earn.writer.braked)
    await cancelled(writing, earn)
    letters = await dead_letters(database)
    assert 0 < len(letters) < 100
    assert {row["reason"] for row in letters} == {"poison"}
    async with owner_of(database) as owner:
        [brake] = await show_brakes(owner)
    assert brake.engaged
    assert brake.isolated_open == len(letters)
    assert "records isolated in the last minute (limit 20)" in brake.detail

    # The bug is mended and the service restarted: it stays stopped all the same.
    left_at = await offsets(database)
    mended = await started(database, batch=batch)
    reached = {one["topic"]: one["next_offset"] for one in left_at}
    rest = [one for one in records if one.offset >= reached[one.topic]]
    writing = asyncio.create_task(mended.writer.write(rest))
    await until(lambda: mended.writer.braked)
    assert await offsets(database) == left_at
    assert len(await dead_letters(database)) == len(letters)

    async with owner_of(database) as owner:
        assert await release_brake(owner, GROUP, by="ann")
        assert not await release_brake(owner, GROUP, by="bob")
        assert not await is_braked(owner, GROUP)
    await writing
    assert not mended.writer.braked
    mended.next_offset = len(records)
    await mended.writer.write(await replayed(database, mended))
    await mended.writer.close()
    assert await standings(database) == expected(world_of(told))
    assert len(await dead_letters(database)) == len(letters)


async def test_a_bug_that_is_still_there_trips_it_again(database: Database) -> None:
    await begin(database)
    earn = await started(database, Buggy(raises_for=breaks))
    writing = asyncio.create_task(earn.tell(busy_day()))
    await until(lambda: earn.writer.braked)
    first = await dead_letters(database)
    async with owner_of(database) as owner:
        await release_brake(owner, GROUP, by="ann")
    await until(lambda: not earn.writer.braked)
    await until(lambda: earn.writer.braked)
    assert len(first) < len(await dead_letters(database)) < 100
    await cancelled(writing, earn)


async def test_a_wait_that_is_cancelled_leaves_nobody_braked(database: Database) -> None:
    """What is released while nobody waits, as in a rebalance, is released all the same."""
    await begin(database)
    earn = await started(database, Buggy(raises_for=breaks))
    writing = asyncio.create_task(earn.tell(busy_day()))
    await until(lambda: earn.writer.braked)
    await cancelled(writing, earn)
    assert not earn.writer.braked
    async with owner_of(database) as owner:
        await release_brake(owner, GROUP, by="ann")
    await earn.tell([checked_in("m1000")])
    assert not earn.writer.braked
    await earn.writer.close()


async def test_many_bad_records_of_senders_do_not_trip_it(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    order = paid("o1", "m1")[1]
    await earn.tell([("order.paid.v1", {**order, "currency": n}) for n in range(150)])
    await earn.writer.close()
    assert {row["reason"] for row in await dead_letters(database)} == {"invalid-data"}
    assert await rows(database, "SELECT FROM messaging.brake") == []


async def test_a_slow_drain_trips_it_too(database: Database) -> None:
    """One freak record an hour is none; two hundred since anybody looked are a bug."""
    await begin(database)
    earn = await started(database, Buggy(raises_for=lambda _: True))
    async with owner_of(database) as owner:
        await owner.execute(
            "INSERT INTO messaging.dead_letter (group_name, topic, partition, record_offset,"
            " record_timestamp_ms, reason, detail, headers, isolated, at)"
            " SELECT $1, 'orders.v1', 1, n, 0, 'poison', '', '[]', true,"
            " clock_timestamp() - interval '1 hour' FROM generate_series(1, 198) AS n",
            GROUP,
        )
    await earn.tell([paid("o1", "m1")])
    writing = asyncio.create_task(earn.tell([paid("o2", "m2")]))
    await until(lambda: earn.writer.braked)
    await cancelled(writing, earn)
    assert len(await dead_letters(database)) == 199
    async with owner_of(database) as owner:
        found = await find_open(owner, Choice(reason="poison"), after=0, up_to=10**6, limit=1_000)
    assert len(found) == 199
