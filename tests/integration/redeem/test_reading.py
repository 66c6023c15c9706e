"""What can be read of redemptions: quotes, one as it is now, and the views of the mall."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import asyncpg
import pytest

from services.redeem import store
from services.redeem.domain.limits import Policy
from services.redeem.domain.quote import Quote
from services.redeem.quoting import read_quote
from shared.ledger.entries import MemberId
from shared.platform import postgres
from shared.program.revisions import Revisions
from shared.program.store import read_newer
from shared.rewards.errors import RewardsError
from shared.rewards.store import apply
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import (
    document,
    of_today,
    open_shop,
    pass_time,
    rows,
    settings_of,
    stock_adds_up,
    teller,
)
from tests.support.databases import Database, owner_of
from tests.support.model import Reward, Rules
from tests.support.model.errands import about, request

pytestmark = pytest.mark.integration

ANN = MemberId("ann")
MUG = Reward(id="mug", points=100, stock=20, daily_limit=4, monthly_limit=3)


async def shop_for(database: Database, *members: str) -> None:
    today = Rules().day(now())
    await open_shop(database, [MUG], {name: of_today(today, 60) for name in members})


async def quoted(database: Database, member: str, quantity: int = 1) -> Quote:
    connection = await postgres.connect(settings_of(database), application_name="test")
    try:
        return await read_quote(
            connection,
            member_id=MemberId(member),
            reward_id="mug",
            quantity=quantity,
            revisions=Revisions(await read_newer(connection, 0)),
            policy=Policy(),
        )
    finally:
        await connection.close()


async def test_a_quote_says_what_would_be_spent_and_what_limits_remain(database: Database) -> None:
    await shop_for(database, "ann", "bob")
    redeem = await teller(database)
    await redeem.tell([request("ann", "r1", now()), request("bob", "r1", now())])
    await redeem.writer.close()
    said = await quoted(database, "ann")
    assert said.daily
    assert said.monthly
    assert (said.stock_left, said.daily.left, said.monthly.left, said.open_left) == (18, 2, 2, 2)
    assert (said.reason, said.points) == ("insufficient-points", 100)
    assert said.figures == {"needs": 100, "has": 80, "owes": 0}
    await pass_time(database, timedelta(minutes=15))
    again = await quoted(database, "ann")
    assert (again.reason, again.balance_after, again.stock_left) == (None, 80, 19)
    assert [part.points for part in again.lots] == [60, 40]


async def test_a_stranger_is_quoted_too_and_gets_no_account(database: Database) -> None:
    await shop_for(database, "ann")
    assert (await quoted(database, "zoe")).figures == {"needs": 100, "has": 0, "owes": 0}
    assert await rows(database, "SELECT 1 FROM ledger.account WHERE member_id = 'zoe'") == []


async def test_a_redemption_is_read_as_it_is_now(database: Database) -> None:
    await shop_for(database, "ann")
    redeem = await teller(database)
    connection = await redeem.writer.connection()
    assert await store.find(connection, ANN, "r1") is None
    await redeem.tell([request("ann", "r1", now())])
    held = await store.find(connection, ANN, "r1")
    assert held
    assert (held.status, held.version, held.points) == ("reserved", 1, 100)
    assert held.reserved_until
    await redeem.tell([about("redemption.cancelled.v1", "ann", "r1", now())])
    gone = await store.find(connection, ANN, "r1")
    assert gone
    assert (gone.status, gone.version, gone.reserved_until) == ("cancelled", 2, None)
    await redeem.writer.close()


async def test_held_points_are_shown_apart(database: Database) -> None:
    await shop_for(database, "ann")
    redeem = await teller(database)
    await redeem.tell([request("ann", "r1", now())])
    mall = await asyncpg.connect(database.dsn("jifen_mall"))
    try:
        (account,) = await mall.fetch("SELECT * FROM read.account_v1")
        assert (account["balance"], account["spendable"], account["held"]) == (80, 80, 100)
        (one,) = await mall.fetch("SELECT * FROM read.redemption_v1")
        assert (one["status"], one["title"], one["points"]) == ("reserved", "mug", 100)
        await redeem.tell([about("redemption.confirmed.v1", "ann", "r1", now())])
        assert await mall.fetchval("SELECT held FROM read.account_v1") == 0
    finally:
        await mall.close()
        await redeem.writer.close()


async def test_stock_may_be_raised_and_lowered_while_it_sells(database: Database) -> None:
    members = [f"m{n}" for n in range(200)]
    await shop_for(database, *members)
    writers = [await teller(database, batch=10, partition=n) for n in range(2)]
    at = now()
    requests = [request(name, "r1", at, confirm=True) for name in members]
    selling = asyncio.gather(writers[0].tell(requests), writers[1].tell(requests[::-1]))
    async with owner_of(database) as owner:
        while not selling.done():
            for total in (150, 20, 90):
                text = document([Reward(id="mug", points=100, stock=total)])
                with suppress(RewardsError):
                    await apply(owner, text, by="test")
    await selling
    for one in writers:
        await one.writer.close()
    assert await stock_adds_up(database)
    (stock,) = await rows(database, "SELECT * FROM redeem.stock")
    assert 20 <= stock["sold"] <= stock["total"] <= 150
