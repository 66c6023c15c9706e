"""Two writers at once, made to meet inside their transactions: no wake-up is lost."""

import asyncio

import pytest

from tests.integration.earn.desk import Teller, entries
from tests.integration.pipeline.desk import begin, parked, rows, started
from tests.integration.pipeline.doubles import Meeting
from tests.support.databases import Database
from tests.support.tellings import Story, paid, shared

pytestmark = pytest.mark.integration

ROUNDS = 40


class Pair:
    """Two writers of one group, each with partitions of its own."""

    def __init__(self, tellers: list[Teller], domains: list[Meeting]) -> None:
        self.tellers, self.domains = tellers, domains

    async def tell_at_once(self, one: Story, two: Story) -> None:
        barrier = asyncio.Barrier(2)
        for domain in self.domains:
            domain.barrier = barrier
        told = [
            teller.writer.write([teller.record(*story)])
            for teller, story in zip(self.tellers, (one, two), strict=True)
        ]
        await asyncio.gather(*told)

    async def close(self) -> None:
        """Tell what followed, and end."""
        await self.tellers[0].tell([])
        for teller in self.tellers:
            await teller.writer.close()


async def pair(database: Database, at: str) -> Pair:
    await begin(database, partitions=2)
    domains = [Meeting(at=at) for _ in range(2)]
    tellers = [
        await started(database, domain, partition=partition)
        for partition, domain in enumerate(domains)
    ]
    return Pair(tellers, domains)


async def test_no_wake_up_is_lost(database: Database) -> None:
    """The order and the share that waits for it arrive at the same moment, forty times."""
    writers = await pair(database, "lock")
    for n in range(ROUNDS):
        order, share = paid(f"o{n}", f"friend{n}"), shared(f"o{n}", f"sharer{n}", f"friend{n}")
        await writers.tell_at_once(*((order, share) if n % 2 else (share, order)))
    released = await rows(
        database, "SELECT FROM messaging.outbox WHERE aggregatetype = 'ledger-commands.v1'"
    )
    await writers.close()
    found = await entries(database)
    for n in range(ROUNDS):
        [(cause, _, points, _)] = found[f"sharer{n}"]
        assert (cause, points) == (f"share/order/o{n}", 50)
    assert await parked(database) == []
    assert len(released) <= ROUNDS


async def test_a_friend_pays_one_of_two_sharers(database: Database) -> None:
    """Both writers have read that nobody was paid for the friend yet."""
    writers = await pair(database, "decide")
    for n in range(ROUNDS // 2):
        for order in ("a", "b"):
            [teller, _] = writers.tellers
            await teller.tell([paid(f"o{n}{order}", f"friend{n}")])
        await writers.tell_at_once(
            shared(f"o{n}a", f"ann{n}", f"friend{n}"), shared(f"o{n}b", f"bob{n}", f"friend{n}")
        )
    await writers.close()
    found = await entries(database)
    for n in range(ROUNDS // 2):
        points = [found[f"{name}{n}"][0][2] for name in ("ann", "bob")]
        assert sorted(points) == [0, 50]


async def test_an_order_belongs_to_one_of_two_members(database: Database) -> None:
    writers = await pair(database, "lock")
    for n in range(ROUNDS // 2):
        await writers.tell_at_once(paid(f"o{n}", f"ann{n}"), paid(f"o{n}", f"bob{n}"))
    await writers.close()
    found = await entries(database)
    for n in range(ROUNDS // 2):
        assert (f"ann{n}" in found) != (f"bob{n}" in found)
    letters = await rows(database, "SELECT reason FROM messaging.dead_letter")
    assert [row["reason"] for row in letters] == ["order-of-another-member"] * (ROUNDS // 2)
