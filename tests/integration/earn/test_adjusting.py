"""Points by hand: an entry like any other, once per key, within a limit a day, by whom."""

import asyncio
import json

import httpx
import pytest

from tests.integration.earn.conftest import DAILY_POINTS
from tests.integration.earn.desk import entries, teller
from tests.integration.ledger.desk import audited
from tests.support.databases import Database, owner_of
from tests.support.tellings import paid, refunded
from tests.support.tokens import bearer

pytestmark = pytest.mark.integration


async def adjust(
    earn: httpx.AsyncClient,
    member: str,
    points: int,
    key: str = "k1",
    *,
    by: str = "olga",
    reason: str = "a late parcel",
    **more: object,
) -> httpx.Response:
    headers = {"Idempotency-Key": key, **bearer("operator", by)}
    body = {"points": points, "reason": reason, **more}
    return await earn.post(f"/v1/members/{member}/adjustments", json=body, headers=headers)


async def events(database: Database) -> list[tuple[str, str]]:
    async with owner_of(database) as owner:
        rows = await owner.fetch("SELECT * FROM messaging.outbox ORDER BY id")
    return [(row["type"], row["aggregateid"]) for row in rows]


async def test_an_adjustment_is_an_entry_with_its_reason(
    earn: httpx.AsyncClient, database: Database
) -> None:
    answer = await adjust(earn, "ann", 300)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["entry_id"], body["cause"], body["balance"]) == ("ann/1", "adjustment/k1", 300)
    assert await entries(database) == {"ann": [("adjustment/k1", "adjusted", 300, 300)]}
    async with owner_of(database) as owner:
        [row] = await owner.fetch("SELECT * FROM ledger.entry")
    assert row["reason"] == '{"rule":"adjustment","note":"a late parcel","by":"olga"}'
    assert await events(database) == [("points.adjusted.v1", "ann")]
    assert (await audited(database)).wrong == 0


async def test_told_again_it_gets_the_first_answer_and_other_words_are_refused(
    earn: httpx.AsyncClient, database: Database
) -> None:
    first = await adjust(earn, "ann", 300)
    await adjust(earn, "ann", 50, "k2")
    again = await adjust(earn, "ann", 300, by="otto")
    assert (again.status_code, again.json()) == (201, first.json())
    assert [one.headers["idempotency-repeated"] for one in (first, again)] == ["false", "true"]
    for other in (await adjust(earn, "ann", 301), await adjust(earn, "ann", 300, reason="other")):
        assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
    assert [entry[2] for entry in (await entries(database))["ann"]] == [300, 50]


async def test_taking_more_than_there_is_is_refused_with_both_figures(
    earn: httpx.AsyncClient, database: Database
) -> None:
    await adjust(earn, "ann", 300)
    refused = await adjust(earn, "ann", -301, "k2")
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient-points")
    assert refused.json()["figures"] == {"needs": 301, "has": 300, "owes": 0}
    stranger = await adjust(earn, "nobody", -1, "k3")
    assert stranger.json()["figures"] == {"needs": 1, "has": 0, "owes": 0}
    taken = await adjust(earn, "ann", -300, "k2")
    assert (taken.status_code, taken.json()["balance"]) == (201, 0)
    assert list(await entries(database)) == ["ann"]
    async with owner_of(database) as owner:
        assert await owner.fetchval("SELECT count(*) FROM ledger.account") == 1
        # What was refused took no room of the day.
        assert await owner.fetchval("SELECT points FROM earn.adjusted") == 600
    assert (await audited(database)).wrong == 0


async def test_where_a_debt_is_allowed_what_is_missing_is_owed_and_repaid(
    earn: httpx.AsyncClient, database: Database
) -> None:
    await adjust(earn, "ann", 100)
    taken = await adjust(earn, "ann", -250, "k2", reason="fraud", allow_debt=True)
    assert (taken.status_code, taken.json()["balance"]) == (201, -150)
    stranger = await adjust(earn, "bob", -5, "k3", allow_debt=True)
    assert (stranger.status_code, stranger.json()["balance"]) == (201, -5)
    # Without it the refusal says what is owed, and a key is for one body.
    refused = await adjust(earn, "ann", -1, "k4")
    assert refused.json()["figures"] == {"needs": 1, "has": 0, "owes": 150}
    other = await adjust(earn, "ann", -250, "k2", reason="fraud")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
    assert (await adjust(earn, "ann", 160, "k5", allow_debt=True)).json()["balance"] == 10
    async with owner_of(database) as owner:
        [row] = await owner.fetch("SELECT * FROM ledger.entry WHERE cause = 'adjustment/k2'")
    assert (row["kind"], row["points"], row["lot_points"]) == ("adjusted", -250, [-100])
    assert json.loads(row["reason"])["debt_added"] == 150
    assert (await audited(database)).wrong == 0


async def test_a_debt_takes_room_of_the_day_as_well(
    earn: httpx.AsyncClient, database: Database
) -> None:
    refused = await adjust(earn, "ann", -DAILY_POINTS - 1, allow_debt=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "adjustment-limit")
    assert (await adjust(earn, "ann", -DAILY_POINTS, allow_debt=True)).status_code == 201
    assert (await adjust(earn, "ann", 1, "k2")).json()["code"] == "adjustment-limit"
    assert [entry[3] for entry in (await entries(database))["ann"]] == [-DAILY_POINTS]


async def test_a_days_room_is_each_operators_own_and_counts_both_ways(
    earn: httpx.AsyncClient, database: Database
) -> None:
    assert (await adjust(earn, "ann", 700, "k1")).status_code == 201
    assert (await adjust(earn, "ann", -200, "k2")).status_code == 201
    refused = await adjust(earn, "bob", 101, "k3")
    assert (refused.status_code, refused.json()["code"]) == (409, "adjustment-limit")
    figures = refused.json()["figures"]
    assert figures.pop("resets_at").endswith("T16:00:00+00:00")
    assert figures == {"limit": DAILY_POINTS, "used": 900, "asked": 101}
    assert (await adjust(earn, "bob", 101, "k3", by="otto")).status_code == 201
    assert (await adjust(earn, "ann", 700, "k1")).status_code == 201
    assert (await adjust(earn, "ann", 100, "k4")).status_code == 201
    assert sum(abs(entry[2]) for entry in (await entries(database))["ann"]) == DAILY_POINTS


async def test_many_at_once_never_take_more_than_the_days_room(
    earn: httpx.AsyncClient, database: Database
) -> None:
    asked = [adjust(earn, f"m{n % 3}", 300, f"k{n}") for n in range(8)]
    codes = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert sorted(codes) == [201] * 3 + [409] * 5
    told = [entry[2] for lines in (await entries(database)).values() for entry in lines]
    assert told == [300] * 3


async def test_one_key_at_the_same_instant_has_one_effect_and_one_answer(
    earn: httpx.AsyncClient, database: Database
) -> None:
    answers = await asyncio.gather(*(adjust(earn, "ann", 100) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await entries(database) == {"ann": [("adjustment/k1", "adjusted", 100, 100)]}


async def test_what_is_given_repays_a_debt_first(
    earn: httpx.AsyncClient, database: Database
) -> None:
    desk = await teller(database)
    await desk.tell([paid("o1", "ann", 10_000)])
    await adjust(earn, "ann", -90, "k1")
    await desk.tell([refunded("o1", "ann", minor=5_000)])
    await desk.writer.close()
    answer = await adjust(earn, "ann", 100, "k2")
    assert answer.json()["balance"] == 60
    account = (await entries(database))["ann"]
    assert [balance for _, _, _, balance in account] == [100, 10, -40, 60]
    assert (await audited(database)).wrong == 0


async def test_nobody_but_an_operator_may(earn: httpx.AsyncClient, database: Database) -> None:
    row = {"row": 1, "member_id": "ann", "points": 5}
    for token in (bearer("member", "ann"), bearer("member", "bob"), bearer("service", "shop")):
        for path, body in (
            ("/v1/members/ann/adjustments", {"points": 5, "reason": "please"}),
            ("/v1/imports/b/rows", {"rows": [row]}),
        ):
            headers = {"Idempotency-Key": "k1", **token}
            answer = await earn.post(path, json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await entries(database) == {}


WRONG: tuple[object, ...] = (
    {"points": 0, "reason": "none"},
    {"points": 1.5, "reason": "half"},
    {"points": "5", "reason": "text"},
    {"points": 10**9 + 1, "reason": "much"},
    {"points": 5},
    {"points": 5, "reason": ""},
    {"points": 5, "reason": "line\nline"},
    {"points": 5, "reason": "nul \x00"},
    {"points": 5, "reason": "x", "amout": 5},
    {"points": -5, "reason": "x", "allow_debt": "yes"},
    [],
    None,
)


async def test_what_is_no_adjustment_is_refused(earn: httpx.AsyncClient) -> None:
    path, key = "/v1/members/ann/adjustments", {"Idempotency-Key": "k1"}
    for body in WRONG:
        answer = await earn.post(path, json=body, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), body
        assert "Value error" not in answer.json()["detail"]


async def test_a_key_is_needed_and_is_an_id(earn: httpx.AsyncClient) -> None:
    body = {"points": 5, "reason": "x"}
    for key in (None, "", "a key", "x" * 65, "a/b"):
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = await earn.post("/v1/members/ann/adjustments", json=body, headers=headers)
        assert answer.status_code == 422, key
