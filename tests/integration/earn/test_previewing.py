"""A preview is what the order would earn, to the point and the word; and nothing is written."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.program.load import default_text
from shared.program.store import apply
from tests.integration.earn.desk import now, teller
from tests.support.databases import Database, owner_of
from tests.support.tellings import paid
from tests.support.tokens import bearer

pytestmark = pytest.mark.integration

PATH = "/v1/members/ann/earn/preview"


def cart(*paid_minor: int, currency: str = "CNY") -> dict[str, Any]:
    lines = [{"sku": "tea", "quantity": 2, "paid_minor": minor} for minor in paid_minor]
    return {"currency": currency, "lines": lines}


async def rows(database: Database) -> list[int]:
    async with owner_of(database) as owner:
        return [
            await owner.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
            for table in ("ledger.account", "ledger.entry", "earn.order_claim", "messaging.outbox")
        ]


async def test_the_order_earns_what_the_preview_said(
    earn: httpx.AsyncClient, database: Database
) -> None:
    told, amounts = {}, (0, 99, 100, 12_345, 10**12)
    for minor in amounts:
        answer = await earn.post(PATH, json=cart(minor), headers=bearer("member", "ann"))
        assert answer.status_code == 200, answer.text
        told[f"order/o{minor}/paid"] = answer.json()
    assert await rows(database) == [0, 0, 0, 0]
    desk = await teller(database)
    await desk.tell([paid(f"o{minor}", "ann", minor) for minor in amounts])
    await desk.writer.close()
    async with owner_of(database) as owner:
        entries = await owner.fetch("SELECT * FROM ledger.entry")
    assert {entry["cause"] for entry in entries} == set(told)
    for entry in entries:
        said = told[entry["cause"]]
        assert said["explanation"] == json.loads(entry["reason"])
        assert (said["points"], said["revision"]) == (entry["points"], entry["revision"])
        # The orders were paid a day ago, perhaps in the month before.
        days = [day.isoformat() for day in entry["lot_dates"]]
        assert said["expires_on"] is None if not days else said["expires_on"] >= days[0]


async def test_lines_are_rounded_together_as_an_orders_are(earn: httpx.AsyncClient) -> None:
    answer = await earn.post(PATH, json=cart(150, 150, 150))
    assert answer.json()["points"] == 4


async def test_a_currency_that_the_program_does_not_know_earns_nothing_and_says_so(
    earn: httpx.AsyncClient,
) -> None:
    told = (await earn.post(PATH, json=cart(500, currency="XTS"))).json()
    assert (told["points"], told["explanation"]["zero"]) == (0, "currency-not-in-program")


async def test_the_revision_in_force_counts_from_its_time_on(
    earn: httpx.AsyncClient, database: Database
) -> None:
    assert (await earn.post(PATH, json=cart(1_000))).json()["points"] == 10
    doubled = default_text().replace("CNY: {points: 1,", "CNY: {points: 2,")
    assert doubled != default_text()
    async with owner_of(database) as owner:
        await apply(owner, doubled, by="test", at=now() + timedelta(seconds=6))
    before = (await earn.post(PATH, json=cart(1_000))).json()
    assert (before["points"], before["revision"]) == (10, 1)
    await asyncio.sleep(6.5)
    after = (await earn.post(PATH, json=cart(1_000))).json()
    assert (after["points"], after["revision"]) == (20, 2)


async def test_members_ask_for_themselves_and_the_shop_for_any(earn: httpx.AsyncClient) -> None:
    for headers in (bearer("member", "ann"), bearer("service"), bearer("operator")):
        assert (await earn.post(PATH, json=cart(1), headers=headers)).status_code == 200
    foreign = await earn.post(PATH, json=cart(1), headers=bearer("member", "bob"))
    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")


WRONG = (
    cart(),
    cart(-1),
    cart(10**12, 1),
    cart(1, currency="yuan"),
    cart(1) | {"coupon": "X"},
    {"currency": "CNY", "lines": [{"sku": "tea", "paid_minor": 1, "price": 1}]},
    {"currency": "CNY", "lines": [{"sku": "a\u0000", "paid_minor": 1}]},
    {"currency": "CNY", "lines": [{"sku": "tea", "paid_minor": 1.0}]},
)


async def test_what_is_no_cart_is_refused(earn: httpx.AsyncClient) -> None:
    for body in WRONG:
        answer = await earn.post(PATH, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), body
