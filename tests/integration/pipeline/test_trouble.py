"""Trouble of the database is waited out: nothing lost, nothing twice, nothing dead-lettered."""

import asyncio

import pytest

from shared.pipeline.errors import LostRaceError, StaleOffsetsError
from tests.integration.earn.desk import entries, expected, now, standings
from tests.integration.pipeline.desk import begin, dead_letters, rows, started
from tests.integration.pipeline.doubles import Buggy, Disturbed
from tests.support.databases import Database, owner_of
from tests.support.model import Rules, World, stories
from tests.support.tellings import paid

pytestmark = pytest.mark.integration

KILL = "SELECT pg_terminate_backend(pg_backend_pid())"
CANCEL = "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)"


@pytest.mark.parametrize("before", ["decide", "store", "commit"])
@pytest.mark.parametrize("statement", [KILL, CANCEL], ids=["kill", "cancel"])
async def test_a_batch_whose_backend_ends_is_applied_once(
    database: Database, before: str, statement: str
) -> None:
    told = stories(31, members=6, events=60)
    world = World(Rules())
    for event_type, data in told:
        world.tell({"type": event_type, "data": data}, now())
    await begin(database)
    domain = Disturbed(before=before, statement=statement, disturbances=2)
    earn = await started(database, domain)
    await earn.tell(told)
    await earn.writer.close()
    assert domain.disturbances == 0
    assert await standings(database) == expected(world)
    assert all(row["reason"] != "poison" for row in await dead_letters(database))
    assert earn.writer.trouble is None


async def test_a_batch_that_takes_too_long_goes_on_in_halves(database: Database) -> None:
    await begin(database)
    domain = Disturbed(before="store", statement="SELECT pg_sleep(5)", disturbances=0)
    earn = await started(database, domain, batch=8)
    connection = await earn.writer.connection()
    await connection.execute("SET statement_timeout = 200")
    domain.disturbances = 1
    await earn.tell([paid(f"o{n}", f"m{n}") for n in range(8)])
    await earn.writer.close()
    assert len(await standings(database)) == 8
    assert await dead_letters(database) == []
    registry = earn.writer.tally.metrics.registry
    labels = {"service": "earn"}
    assert registry.get_sample_value("points_batch_size_commands_count", labels) == 2
    assert registry.get_sample_value("points_batch_size_commands_sum", labels) == 8


async def test_a_lost_race_is_no_poison(database: Database) -> None:
    await begin(database)
    left = [LostRaceError("once"), LostRaceError("twice")]

    def raises(_: object) -> bool:
        if left:
            domain.error = left.pop()
            return True
        return False

    domain = Buggy(raises_for=raises)
    earn = await started(database, domain)
    await earn.tell([paid("o1", "m1")])
    await earn.writer.close()
    assert len((await entries(database))["m1"]) == 1


async def test_stale_offsets_write_nothing(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    async with owner_of(database) as owner:
        await owner.execute("UPDATE messaging.consumer_offset SET next_offset = 7")
    with pytest.raises(StaleOffsetsError):
        await earn.tell([paid("o1", "m1")])
    await earn.writer.close()
    assert await standings(database) == {}
    stored = await rows(database, "SELECT DISTINCT next_offset FROM messaging.consumer_offset")
    assert [row["next_offset"] for row in stored] == [7]
    again = await started(database)
    await again.tell([paid("o1", "m1")])
    await again.writer.close()
    assert set(await standings(database)) == {"m1"}


async def test_another_cluster_is_stale(database: Database) -> None:
    await begin(database)
    earn = await started(database, cluster="another-one")
    with pytest.raises(StaleOffsetsError):
        await earn.tell([paid("o1", "m1")])
    await earn.writer.close()
    assert await standings(database) == {}


async def test_a_zombie_writes_nothing(database: Database) -> None:
    """Of two writers that believe they own a partition, one goes on and one stops."""
    await begin(database)
    one, two = await started(database), await started(database)
    told = [paid(f"o{n}", "m1") for n in range(20)]
    ends = await asyncio.gather(one.tell(told), two.tell(told), return_exceptions=True)
    await one.writer.close()
    await two.writer.close()
    assert sorted([type(end).__name__ for end in ends]) == ["NoneType", "StaleOffsetsError"]
    assert len((await entries(database))["m1"]) == 20
