"""The routes from outside: three steps, refusals with their figures, one answer for ever."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.redeem.domain.identity import redemption_id
from shared.ledger.entries import MemberId
from tests.integration.consuming.crew import Place
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import entries, pass_time, rows, stock_adds_up
from tests.integration.redeem.doors import furnish, opened, own, refusal
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward

pytestmark = pytest.mark.integration

MUG = Reward(id="mug", points=100, stock=5, daily_limit=4, monthly_limit=3)
UUID = "00000000-0000-5000-8000-000000000000"


async def test_three_steps_from_the_quote_to_the_parcel(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    await furnish(database, kafka, MUG, ann=60)
    ann = own("ann")
    async with opened(place) as door:
        said = (await door.quote("ann")).json()
        assert (said["points"], said["balance_after"], said["stock_left"]) == (100, 80, 5)
        assert [part["points"] for part in said["lots"]] == [60, 40]
        assert (said["daily"]["left"], said["monthly"]["left"], said["open_left"]) == (4, 3, 3)

        made = await door.reserve("ann", "k1", token=ann)
        held = made.json()
        assert made.status_code == 201
        assert held["redemption_id"] == redemption_id(MemberId("ann"), "k1")
        assert (held["status"], held["points"], held["balance"]) == ("reserved", 100, 80)
        assert held["lots"] == said["lots"]
        again = await door.reserve("ann", "k1", token=ann, quantity=1, confirm=False)
        assert (again.status_code, again.content) == (201, made.content)
        other = await door.reserve("ann", "k1", token=ann, quantity=2)
        assert refusal(other) == (409, "idempotency-conflict", None)

        at = f"/{held['redemption_id']}"
        sold = await door.ask("ann", f"{at}/confirm", token=ann)
        assert (sold.status_code, sold.json()["status"]) == (200, "to-ship")
        assert (await door.ask("ann", f"{at}/confirm", token=ann)).content == sold.content
        assert (await door.read("ann", held["redemption_id"])).json()["version"] == 2
        # What was answered first is answered for ever, whatever has become of it.
        assert (await door.reserve("ann", "k1", token=ann)).content == made.content

        gone = await door.ask("ann", f"{at}/cancel", {"reason": "too small"}, token=ann)
        assert (gone.json()["status"], gone.json()["balance"]) == ("cancelled", 180)
        assert (await door.ask("ann", f"{at}/cancel", token=ann)).content == gone.content
        late = await door.ask("ann", f"{at}/confirm", token=ann)
        assert late.content == sold.content
        assert (await door.read("ann", held["redemption_id"])).json()["status"] == "cancelled"
    assert (await entries(database))["ann"][1:] == [
        (f"redemption/{held['redemption_id']}/reserve", "redeemed", -100, 80),
        (f"redemption/{held['redemption_id']}/return", "returned", 100, 180),
    ]
    assert await stock_adds_up(database)


async def test_each_refusal_says_what_is_needed_and_what_is_there(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    begin, end = now() + timedelta(days=1), now() + timedelta(days=2)
    rewards = (
        MUG,
        Reward(id="pen", points=1, stock=50, daily_limit=20, monthly_limit=5),
        Reward(id="ink", points=1, stock=50, daily_limit=3),
        Reward(id="few", points=1, stock=2),
        Reward(id="soon", points=1, stock=2, on_sale_from=begin, on_sale_until=end),
        Reward(id="crown", points=1, stock=2, tiers=("gold",)),
        Reward(id="moon", points=10**9, stock=9),
    )
    await furnish(database, kafka, *rewards, ann=60, bob=10)
    async with opened(place) as door:

        async def refused(reward: str, member: str = "ann", quantity: int = 1) -> tuple[str, Any]:
            key = f"{reward}-{quantity}-refused"
            response = await door.reserve(member, key, reward=reward, quantity=quantity)
            again = await door.reserve(member, key, reward=reward, quantity=quantity)
            assert (again.status_code, again.content) == (response.status_code, response.content)
            status, code, figures = refusal(response)
            assert status == 409
            return code, figures

        poor = {"needs": 100, "has": 30, "owes": 0}
        assert await refused("mug", "bob") == ("insufficient-points", poor)
        assert await refused("none") == ("unknown-reward", {"reward_id": "none"})
        assert await refused("few", quantity=3) == ("out-of-stock", {"left": 2, "asked": 3})
        code, figures = await refused("ink", quantity=4)
        assert (code, figures.pop("resets_at")[-1]) == ("daily-limit", "Z")
        assert figures == {"limit": 3, "used": 0, "asked": 4}
        code, figures = await refused("pen", quantity=6)
        assert (code, figures.pop("resets_at")[-1]) == ("member-monthly-limit", "Z")
        assert figures == {"limit": 5, "used": 0, "asked": 6}
        code, figures = await refused("soon")
        assert code == "not-on-sale"
        assert figures == {name: _text(at) for name, at in (("from", begin), ("until", end))}
        assert await refused("crown") == ("tier-required", {"tiers": ["gold"], "has": None})
        dear = {"needs": 2 * 10**9, "at_most": 10**9}
        assert await refused("moon", quantity=2) == ("too-many-points", dear)
        for n in range(3):
            assert (await door.reserve("ann", f"p{n}", reward="pen")).status_code == 201
        assert await refused("pen") == ("too-many-open", {"limit": 3, "open": 3})

        rejected = redemption_id(MemberId("bob"), "mug-1-refused")
        nothing = (409, "redemption-rejected", {"rejected_for": "insufficient-points"})
        assert refusal(await door.ask("bob", f"/{rejected}/confirm")) == nothing
        assert (await door.read("bob", rejected)).status_code == 404
    assert await stock_adds_up(database)


async def test_a_confirmation_that_comes_too_late_is_refused_over_http(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    await furnish(database, kafka, MUG, ann=60)
    # The loop looks rarely: the confirmation itself releases.
    async with opened(place, JIFEN_RELEASE_SECONDS="600") as door:
        held = (await door.reserve("ann", "k1")).json()
        await pass_time(database, timedelta(minutes=15))
        status, code, figures = refusal(await door.ask("ann", f"/{held['redemption_id']}/confirm"))
        assert (status, code) == (409, "reservation-expired")
        assert figures["reserved_until"] < held["reserved_until"]
        assert (await door.quote("ann")).json()["balance_after"] == 80
        cancelled = await door.ask("ann", f"/{held['redemption_id']}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")


async def test_what_is_not_there_and_what_is_not_theirs(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    await furnish(database, kafka, MUG, ann=60, bob=60)
    async with opened(place) as door:
        held = (await door.reserve("ann", "k1")).json()["redemption_id"]
        for path in ("/confirm", "/cancel"):
            unknown = await door.ask("ann", f"/{UUID}{path}")
            assert refusal(unknown)[:2] == (404, "unknown-redemption")
            # Of one member, another has none of that name.
            assert (await door.ask("bob", f"/{held}{path}")).status_code == 404
        assert (await door.read("ann", UUID)).status_code == 404
        assert (await door.read("bob", held)).status_code == 404
        foreign = own("bob")
        answers = [
            await door.ask("ann", f"/{held}", token=foreign, method="GET"),
            await door.ask("ann", f"/{held}/confirm", token=foreign),
            await door.ask("ann", f"/{held}/cancel", token=foreign),
            await door.ask("ann", "/quote", {"reward_id": "mug"}, token=foreign),
            await door.reserve("ann", "k1", token=foreign),
            await door.reserve("ann", "k1", token=own("ann", "operator")),
        ]
        assert [one.status_code for one in answers] == [403] * 6
        assert (await door.reserve("ann", "k2", token={})).status_code == 401
        without_key = await door.ask("ann", "", {"reward_id": "mug"})
        assert refusal(without_key)[:2] == (422, "invalid-request")
        for body in ({"reward_id": "mug", "quantity": 0}, {"reward_id": "mug", "points": 1}, {}):
            invalid = await door.ask("ann", "", body, key="k3")
            assert (invalid.status_code, invalid.json()["code"]) == (422, "invalid-request")
    # Nothing waits for what a caller was told is not there.
    assert await rows(database, "SELECT 1 FROM messaging.parked") == []
    assert [row["status"] for row in await rows(database, "SELECT * FROM redeem.redemption")] == [
        "reserved"
    ]


async def test_requests_with_one_key_at_the_same_instant_have_one_effect_and_one_answer(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    await furnish(database, kafka, MUG, ann=600)
    async with opened(place) as door:
        alike = await asyncio.gather(*(door.reserve("ann", "k1") for _ in range(20)))
        assert {(one.status_code, one.content) for one in alike} == {(201, alike[0].content)}
        several = await asyncio.gather(
            *(door.reserve("ann", "k2", quantity=1 + n % 2) for n in range(20))
        )
        assert sorted(one.status_code for one in several) == [201] * 10 + [409] * 10
        assert len({one.content for one in several}) == 2
    assert len((await entries(database))["ann"]) == 3
    assert await stock_adds_up(database)


async def test_the_answer_survives_a_kill(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    await furnish(database, kafka, MUG, ann=60, bob=10)
    async with opened(place) as door:
        made, refused = await door.reserve("ann", "k1"), await door.reserve("bob", "k1")
        await door.service.kill()
    async with opened(place) as door:
        assert (await door.reserve("ann", "k1")).content == made.content
        assert (await door.reserve("bob", "k1")).content == refused.content
        assert (await door.reserve("ann", "k1", quantity=2)).status_code == 409
    assert len((await entries(database))["ann"]) == 2


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
