"""The same events in another order, in other batches, on other partitions, twice."""

import asyncio

import pytest

from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books, send, world_of
from tests.integration.earn.desk import expected, standings
from tests.support.model import shuffled, stories

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]

TOLD = stories(71, members=150, events=2_500, contested=False)


@pytest.mark.parametrize(
    ("seed", "batch", "partitioner"),
    [(1, "1", "consistent_random"), (2, "37", "murmur2_random"), (3, "2000", "fnv1a")],
)
async def test_the_balances_are_the_same(
    books: Books, place: Place, seed: int, batch: str, partitioner: str
) -> None:
    order = shuffled(seed, TOLD, across_topics=True)
    # What is told again comes over other partitions, in another order.
    again = shuffled(seed + 10, TOLD, across_topics=True)
    settings = {"JIFEN_BATCH_START": batch, "JIFEN_BATCH_TARGET_SECONDS": "1"}
    async with place.service("relay"), place.service("earn", **settings):
        await asyncio.to_thread(send, books.bootstrap, order, partitioner=partitioner)
        await asyncio.to_thread(send, books.bootstrap, again, partitioner="murmur2")
        await books.until_done()
    assert await standings(books.database) == expected(world_of(TOLD))
    await books.check_published()
