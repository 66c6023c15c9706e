"""Rewards, redemptions and what expired, as redeem and the ledger really left them."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.ledger import store as ledger
from shared.ledger.entries import Cause, LotMove, MemberId, Telling
from shared.pipeline.moment import moment_at
from shared.platform.postgres import Connection
from shared.program.revisions import Revisions
from shared.program.store import read_newer
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import of_today, open_shop, teller
from tests.support.databases import Database, owner_of
from tests.support.model import Reward, Rules
from tests.support.model.errands import request
from tests.support.model.world import Event
from tests.support.tokens import bearer

pytestmark = pytest.mark.integration

TODAY = Rules().day(now())
REWARDS = [
    Reward(id="sticker", points=50, stock=9),
    Reward(id="mug", points=500, stock=2, daily_limit=2, monthly_limit=1),
    Reward(id="lamp", points=499, stock=0),
    Reward(id="bank", points=2_000, stock=5, tiers=("gold",)),
    Reward(id="gone", points=10, stock=5, on_sale_until=now() - timedelta(days=1)),
    Reward(id="to-come", points=10, stock=5, on_sale_from=now() + timedelta(days=1)),
]


async def names(mall: httpx.AsyncClient, **query: str) -> list[str]:
    answer = await mall.get("/v1/rewards", params=query)
    assert answer.status_code == 200, answer.text
    return [one["reward_id"] for one in answer.json()["rewards"]]


async def test_a_band_begins_with_its_first_price_and_ends_before_the_other(
    database: Database, mall: httpx.AsyncClient
) -> None:
    assert await names(mall) == []
    await open_shop(database, REWARDS, {})
    assert await names(mall) == ["sticker", "mug", "lamp", "bank"]
    assert await names(mall, band="0-500") == ["sticker", "lamp"]
    assert await names(mall, band="500-2000") == ["mug"]
    assert await names(mall, band="2000-") == ["bank"]


async def test_rewards_come_in_pages(database: Database, mall: httpx.AsyncClient) -> None:
    await open_shop(database, REWARDS, {})
    seen, cursor = [], None
    for _ in range(4):
        query = {"limit": "1"} | ({} if cursor is None else {"cursor": cursor})
        page = (await mall.get("/v1/members/ann/rewards", params=query)).json()
        seen += [one["reward_id"] for one in page["rewards"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (["sticker", "mug", "lamp", "bank"], None)


async def test_a_member_sees_what_is_in_the_way(
    database: Database, mall: httpx.AsyncClient
) -> None:
    await open_shop(database, REWARDS, {"ann": of_today(TODAY, 300)})
    before = await prospects(mall, "ann")
    assert before["mug"]["obstacles"] == []
    assert before["mug"]["daily"]["left"] == 2
    assert before["lamp"]["obstacles"] == ["out-of-stock"]
    assert (before["bank"]["missing"], before["bank"]["affordable"]) == (1_100, False)
    assert before["bank"]["obstacles"] == ["tier-required", "insufficient-points"]
    await tell(database, request("ann", "r1", now(), reward="mug"))
    after = await prospects(mall, "ann")
    assert after["mug"]["monthly"]["left"] == 0
    assert after["mug"]["obstacles"] == ["member-monthly-limit", "insufficient-points"]
    assert (after["mug"]["daily"]["left"], after["mug"]["stock_left"]) == (1, 1)
    assert (await prospects(mall, "bob"))["mug"]["monthly"]["left"] == 1


async def tell(database: Database, *events: Event) -> None:
    redeem = await teller(database)
    await redeem.tell(events)
    await redeem.writer.close()


async def prospects(mall: httpx.AsyncClient, member: str) -> dict[str, dict[str, Any]]:
    answer = (await mall.get(f"/v1/members/{member}/rewards")).json()
    account = (await mall.get(f"/v1/members/{member}/account")).json()
    assert answer["spendable"] == account["spendable"]
    return {one["reward_id"]: one for one in answer["rewards"]}


async def test_redemptions_come_newest_first_and_only_the_members_own(
    database: Database, mall: httpx.AsyncClient
) -> None:
    accounts = {name: of_today(TODAY, 300) for name in ("ann", "bob")}
    await open_shop(database, REWARDS, accounts)
    at = now()
    # Two of one instant: their names decide, on every page alike.
    await tell(
        database,
        request("ann", "a:1", at - timedelta(seconds=9), reward="sticker"),
        request("ann", "a:2", at, reward="sticker"),
        request("ann", "a:3", at, reward="sticker"),
        request("bob", "b:1", at, reward="sticker"),
    )
    seen, cursor = [], None
    for _ in range(3):
        query = {"limit": "1"} | ({} if cursor is None else {"cursor": cursor})
        page = (await mall.get("/v1/members/ann/redemptions", params=query)).json()
        seen += page["redemptions"]
        cursor = page["next_cursor"]
    assert [one["redemption_id"] for one in seen] == ["a:3", "a:2", "a:1"]
    assert cursor is None
    assert seen[-1]["lots"] == [{"expires_on": TODAY.isoformat(), "points": 50}]
    none = await mall.get("/v1/members/ann/redemptions", params={"status": "shipped"})
    assert none.json() == {"redemptions": [], "next_cursor": None}


async def test_a_cursor_of_another_member_shows_nothing_of_them(
    database: Database, mall: httpx.AsyncClient
) -> None:
    accounts = {name: of_today(TODAY, 300) for name in ("ann", "bob")}
    await open_shop(database, REWARDS, accounts)
    stories = [request("bob", f"b{number}", now(), reward="sticker") for number in range(3)]
    earlier = request("ann", "a1", now() - timedelta(seconds=5), reward="sticker")
    await tell(database, *stories, earlier)
    page = (await mall.get("/v1/members/bob/redemptions", params={"limit": "1"})).json()
    stolen = {"cursor": page["next_cursor"]}
    own = await mall.get(
        "/v1/members/ann/redemptions", params=stolen, headers=bearer("member", "ann")
    )
    assert [one["redemption_id"] for one in own.json()["redemptions"]] == ["a1"]


async def test_what_expired_can_be_looked_up_and_what_will_is_announced(
    database: Database, mall: httpx.AsyncClient
) -> None:
    await open_shop(database, REWARDS, {})
    days = [TODAY + timedelta(days=days) for days in (-40, -2, 0, 30, 91)]
    async with owner_of(database) as owner:
        await give(owner, "ann", [LotMove(day, 10 + i) for i, day in enumerate(days)])
    told = (await mall.get("/v1/members/ann/announcements")).json()["announcements"]
    assert [(one["stage"], one["days_left"], one["points"]) for one in told] == [
        (1, 0, 12),
        (30, 30, 13),
    ]
    first = (await mall.get("/v1/members/ann/expired", params={"limit": "1"})).json()
    second = (
        await mall.get("/v1/members/ann/expired", params={"cursor": first["next_cursor"]})
    ).json()
    lots = [(one["expires_on"], one["points"]) for one in first["expired"] + second["expired"]]
    assert lots == [(days[1].isoformat(), 11), (days[0].isoformat(), 10)]
    assert second["next_cursor"] is None


async def give(owner: Connection, member: str, parts: list[LotMove]) -> None:
    revisions = Revisions(await read_newer(owner, 0))
    async with owner.transaction():
        books = await ledger.lock(owner, [MemberId(member)], [MemberId(member)])
        today = moment_at(await ledger.read_clock(owner), revisions).today
        told = Telling(Cause("gift"), bytes(32), today.now, 1)
        books[MemberId(member)].credit(told, "adjusted", parts, {}, today)
        await ledger.post(owner, books.values())
