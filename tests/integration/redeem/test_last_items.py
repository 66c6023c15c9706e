"""Many members want the last pieces at once: exactly those are sold, each charged once."""

import asyncio
from collections import Counter
from datetime import UTC, timedelta
from random import Random

import pytest

from tests.integration.earn.desk import now
from tests.integration.redeem.desk import (
    answered,
    of_today,
    open_shop,
    pass_time,
    release,
    rows,
    stock_adds_up,
    teller,
)
from tests.support.databases import Database
from tests.support.model import Reward, Rules
from tests.support.model.errands import about, request
from tests.support.model.world import Event

pytestmark = pytest.mark.integration

MEMBERS = [f"m{n}" for n in range(500)]
MUG = Reward(id="mug", points=100, stock=10)


def requests(seed: int, *, confirm: bool = True) -> list[Event]:
    """Every member's request, many of them twice, in an order of their own."""
    at = now().astimezone(UTC)
    told = [request(name, f"r-{name}", at, confirm=confirm) for name in MEMBERS]
    random = Random(seed)  # noqa: S311
    told += random.sample(told, 200)
    random.shuffle(told)
    return told


async def full_shop(database: Database, *rewards: Reward) -> None:
    today = Rules().day(now())
    await open_shop(database, rewards, {name: of_today(today, 60) for name in MEMBERS})


async def reasons(database: Database) -> Counter[str]:
    found = (await answered(database)).items()
    return Counter(why or "" for (_, cause), why in found if cause.endswith("/reserve"))


@pytest.mark.parametrize(("first", "second"), [(500, 3), (37, 100)])
async def test_five_hundred_members_want_the_last_ten(
    database: Database, first: int, second: int
) -> None:
    await full_shop(database, MUG)
    writers = [
        await teller(database, batch=size, partition=partition)
        for partition, size in enumerate((first, second))
    ]
    await asyncio.gather(*(one.tell(requests(n)) for n, one in enumerate(writers)))
    for one in writers:
        await one.writer.close()
    assert await reasons(database) == {"": 10, "out-of-stock": 490}
    (stock,) = await rows(database, "SELECT * FROM redeem.stock")
    assert (stock["reserved"], stock["sold"], stock["day_used"]) == (0, 10, 10)
    spent = await rows(
        database,
        "SELECT member_id, sum(points) AS points, count(*) AS entries FROM ledger.entry"
        " WHERE kind = 'redeemed' GROUP BY member_id",
    )
    assert [(row["points"], row["entries"]) for row in spent] == [(-100, 1)] * 10
    assert await rows(database, "SELECT 1 FROM messaging.dead_letter") == []


async def test_reserving_confirming_and_cancelling_at_once_loses_nothing(
    database: Database,
) -> None:
    """Two writers and the release loop meet at two rewards; what is left adds up."""
    await full_shop(database, MUG, Reward(id="bank", points=50, stock=400, daily_limit=300))
    writers = [await teller(database, batch=40 + 21 * n, partition=n) for n in range(3)]
    at = now()
    banks = [request(name, f"b-{name}", at, reward="bank") for name in MEMBERS[:350]]
    await asyncio.gather(
        writers[0].tell(requests(5, confirm=False)),
        writers[1].tell(banks),
        writers[2].tell(banks[::-1]),
    )
    await pass_time(database, timedelta(minutes=20))
    decisions = [
        about(kind, name, f"b-{name}", at)
        for n, name in enumerate(MEMBERS[:350])
        for kind in (("redemption.confirmed.v1",), ("redemption.cancelled.v1",), ())[n % 3]
    ]
    released, *_ = await asyncio.gather(
        _release_all(database),
        _release_all(database),
        writers[0].tell(decisions),
        writers[1].tell(decisions[::-1]),
    )
    for one in writers:
        await one.writer.close()
    assert released
    assert await stock_adds_up(database)
    held = await rows(database, "SELECT 1 FROM redeem.redemption WHERE status <> 'cancelled'")
    assert held == []
    balances = await rows(database, "SELECT DISTINCT balance FROM ledger.account")
    assert [row["balance"] for row in balances] == [180]
    returned = await rows(
        database, "SELECT count(*) AS n FROM ledger.entry WHERE kind IN ('redeemed', 'returned')"
    )
    reserved = await rows(database, "SELECT count(*) AS n FROM redeem.redemption")
    assert returned[0]["n"] == 2 * reserved[0]["n"] == 2 * (10 + 300)


async def _release_all(database: Database) -> bool:
    while await release(database):
        pass
    return True
