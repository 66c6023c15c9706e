"""kill -9 of redeem while many want the last pieces: those are sold, once each, and told of."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

import pytest

from services.redeem.handlers import GROUP, TOPICS
from tests.chaos.kills import caught, hit_batches, send, until_read
from tests.integration.earn.desk import now
from tests.integration.ledger.desk import audited
from tests.integration.redeem.desk import answered, give_points, of_today, rows, stock_adds_up
from tests.integration.redeem.doors import place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward, Rules
from tests.support.model.errands import about, request
from tests.support.model.world import Event
from tests.support.stack import Home

pytestmark = [pytest.mark.timeout(600)]

MEMBERS = [f"m{n}" for n in range(500)]
REWARDS = (
    Reward(id="mug", points=20, stock=10),
    Reward(id="bank", points=5, stock=10**6),
)
_CHARGED = """
SELECT member_id, split_part(cause, '/', 2) AS redemption_id, sum(points) AS points
FROM ledger.entry WHERE kind IN ('redeemed', 'returned') GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How often it dies, and how much is wanted of the reward that there is enough of."""

    kills: int
    wanted: int
    seed: int


SHORT = pytest.param(Form(kills=3, wanted=6, seed=61), marks=pytest.mark.chaos, id="short")
SOAK = pytest.param(Form(kills=20, wanted=40, seed=62), marks=pytest.mark.soak, id="soak")


def errands(form: Form) -> list[Event]:
    """The last mugs for everybody, twice, among power banks that are confirmed or cancelled."""
    chance, at = random.Random(form.seed), now()  # noqa: S311
    told: list[Event] = []
    for turn in range(form.wanted):
        for name in MEMBERS:
            bank = f"b{turn}-{name}"
            told.append(request(name, bank, at, reward="bank"))
            kind = chance.choice(("redemption.confirmed.v1", "redemption.cancelled.v1"))
            told.append(about(kind, name, bank, at))
    mugs = [request(name, f"mug-{name}", at, confirm=True) for name in MEMBERS]
    for mug in [*mugs, *mugs]:
        told.insert(chance.randrange(len(told)), mug)
    return told


@pytest.mark.parametrize("form", [SHORT, SOAK])
async def test_the_last_ten_are_sold_once_however_often_redeem_dies(
    database: Database, kafka: KafkaHandle, home: Home, form: Form
) -> None:
    await kafka.fresh_topics(*TOPICS)
    today = Rules().day(now())
    await give_points(database, REWARDS, {name: of_today(today, 10**4) for name in MEMBERS})
    place = place_of(database, kafka.bootstrap, home.folder)
    told, chance = errands(form), random.Random(form.seed)  # noqa: S311
    await asyncio.to_thread(send, kafka.bootstrap, told)
    in_flight = 0
    for kill in range(form.kills):
        async with place.service("redeem", JIFEN_BATCH_START="50") as redeem:
            await until_read(database, (kill + 1) * len(told) // (form.kills + 2), GROUP)
            in_flight += sum(await caught(database, chance, redeem))
    async with place.service("redeem"):
        await until_read(database, len(told), GROUP)
    hit_batches(in_flight, form.kills)
    await sold_once(database)


async def sold_once(database: Database) -> None:
    """Stock, points, answers and announcements all tell the same."""
    assert await stock_adds_up(database)
    (mugs,) = await rows(database, "SELECT * FROM redeem.stock WHERE reward_id = 'mug'")
    assert (mugs["reserved"], mugs["sold"]) == (0, 10)
    found = (await answered(database)).items()
    asked = [(cause, why) for (_, cause), why in found if cause.endswith("/reserve")]
    reasons = Counter([why for cause, why in asked if cause.startswith("redemption/mug-")])
    assert reasons == {None: 10, "out-of-stock": 490}
    charged = {(row[0], row[1]): -row[2] for row in await rows(database, _CHARGED)}
    redemptions = await rows(database, "SELECT * FROM redeem.redemption")
    assert charged == {
        (row["member_id"], row["redemption_id"]): row["points"] * (row["status"] != "cancelled")
        for row in redemptions
    }
    events = await rows(
        database,
        "SELECT event_id FROM messaging.outbox WHERE aggregatetype = 'redemption-events.v1'",
    )
    assert len({row["event_id"] for row in events}) == len(events)
    assert len(events) == 490 + sum(row["version"] for row in redemptions)
    assert not (await audited(database)).findings
    assert await rows(database, "SELECT * FROM messaging.dead_letter") == []
