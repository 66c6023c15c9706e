"""Earn on PostgreSQL beside the executable specification: the same accounts, line by line."""

import pytest

from tests.integration.earn.desk import entries, expected, now, standings, teller
from tests.support.databases import Database
from tests.support.model import Rules, World, shuffled, stories

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("batch", [1, 7, 500])
async def test_the_engine_and_the_model_agree(database: Database, batch: int) -> None:
    told = stories(batch, members=12, events=400)
    world = World(Rules())
    for event_type, data in told:
        world.tell({"type": event_type, "data": data}, now())
    earn = await teller(database, batch=batch)
    await earn.tell(told)
    await earn.writer.close()
    assert await standings(database) == expected(world)


async def test_the_order_across_members_does_not_matter(database: Database) -> None:
    told = stories(5, members=12, events=400, contested=False)
    world = World(Rules())
    for event_type, data in told:
        world.tell({"type": event_type, "data": data}, now())
    earn = await teller(database, batch=23)
    await earn.tell(shuffled(1, told))
    again = shuffled(2, told)
    await earn.tell(again)
    await earn.writer.close()
    assert await standings(database) == expected(world)


async def test_each_line_is_the_models(database: Database) -> None:
    told = stories(9, members=8, events=300)
    world = World(Rules())
    earn = await teller(database)
    for event_type, data in told:
        world.tell({"type": event_type, "data": data}, now())
        await earn.tell([(event_type, data)])
    await earn.writer.close()
    assert await entries(database) == {
        member: [(line.cause, line.kind, line.points, line.balance) for line in account.entries]
        for member, account in world.accounts().items()
    }
