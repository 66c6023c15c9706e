"""The last ten pieces, five hundred members, two channels, retries, and kill -9 in between."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from services.redeem.domain.identity import redemption_id
from services.redeem.handlers import GROUP, TOPICS
from shared.ledger.entries import MemberId
from shared.platform.clock import monotonic
from tests.chaos.asking import until_answered
from tests.chaos.kills import PATIENCE_SECONDS, caught, hit_batches, send, until_read
from tests.integration.consuming.crew import Service
from tests.integration.earn.desk import now
from tests.integration.ledger.desk import audited
from tests.integration.redeem.desk import answered, give_points, of_today, rows, stock_adds_up
from tests.integration.redeem.doors import place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward, Rules
from tests.support.model.errands import request
from tests.support.model.world import Event
from tests.support.stack import Home, free_port

pytestmark = [pytest.mark.timeout(1_800)]

MEMBERS = [f"m{n}" for n in range(500)]
STOCK, PRICE = 10, 20
_CHARGED = """
SELECT member_id, count(*) AS times, sum(points) AS points FROM ledger.entry
WHERE cause = ANY ($1) AND kind = 'redeemed' GROUP BY member_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How often ten pieces are sold, the service dying each time."""

    rounds: int
    seed: int


SHORT = pytest.param(Form(rounds=2, seed=71), marks=pytest.mark.chaos, id="short")
SOAK = pytest.param(Form(rounds=20, seed=72), marks=pytest.mark.soak, id="soak")


@dataclass(slots=True, kw_only=True)
class Crowd:
    """All members, wanting one piece of a round's reward each, over either channel or both."""

    reward: str
    chance: random.Random
    url: str
    answers: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)

    @property
    def causes(self) -> list[str]:
        return [f"redemption/{self.id_of(name)}/reserve" for name in MEMBERS]

    def id_of(self, member: str) -> str:
        return redemption_id(MemberId(member), self.reward)

    def told(self) -> Sequence[Event]:
        """Make the records: of a fifth, who ask over Kafka alone, and of others who ask twice."""
        at = now()
        asking = [*MEMBERS[:100], *self.chance.sample(MEMBERS[100:], 200)]
        asking += self.chance.sample(asking, 100)
        self.chance.shuffle(asking)
        return [
            request(name, self.id_of(name), at, reward=self.reward, confirm=True) for name in asking
        ]

    async def ask(self) -> None:
        """Ask over HTTP until everybody has an answer; many ask twice at once, or again later."""
        asking = MEMBERS[100:] + self.chance.sample(MEMBERS[100:], 150)
        self.chance.shuffle(asking)
        limits = httpx.Limits(max_connections=60)
        async with httpx.AsyncClient(base_url=self.url, limits=limits, timeout=30) as client:
            await asyncio.gather(*(self._until_answered(client, name) for name in asking))
            for name in self.chance.sample(asking, 20):
                await self._until_answered(client, name)

    async def _until_answered(self, client: httpx.AsyncClient, member: str) -> None:
        path, body = (
            f"/v1/members/{member}/redemptions",
            {"reward_id": self.reward, "confirm": True},
        )
        response = await until_answered(client, self.chance, path, body, key=self.reward)
        self.answers.setdefault(member, []).append((response.status_code, response.content))


@pytest.mark.parametrize("form", [SHORT, SOAK])
async def test_ten_are_sold_and_everybody_is_told(
    database: Database, kafka: KafkaHandle, home: Home, form: Form
) -> None:
    await kafka.fresh_topics(*TOPICS)
    rewards = [Reward(id=f"mug{n}", points=PRICE, stock=STOCK) for n in range(form.rounds)]
    today, chance = Rules().day(now()), random.Random(form.seed)  # noqa: S311
    await give_points(database, rewards, {name: of_today(today, 10**4) for name in MEMBERS})
    place, port = place_of(database, kafka.bootstrap, home.folder), str(free_port())
    records = in_flight = 0
    async with AsyncExitStack() as stack:

        def start() -> AbstractAsyncContextManager[Service]:
            return place.service("redeem", JIFEN_HTTP_PORT=port, JIFEN_BATCH_START="20")

        redeem = await stack.enter_async_context(start())
        await redeem.until_ready()
        for reward in rewards:
            crowd = Crowd(reward=reward.id, chance=chance, url=f"http://127.0.0.1:{port}")
            told = crowd.told()
            asking = asyncio.create_task(crowd.ask())
            sending = asyncio.to_thread(send, kafka.bootstrap, told)
            await asyncio.gather(sending, until_decided(database, crowd, chance.randrange(1, 200)))
            in_flight += sum(await caught(database, chance, redeem))
            redeem = await stack.enter_async_context(start())
            await asking
            records += len(told)
            await until_read(database, records, GROUP)
            await sold_once(database, crowd)
    hit_batches(in_flight, form.rounds)
    assert await stock_adds_up(database)
    assert not (await audited(database)).findings
    assert await rows(database, "SELECT * FROM messaging.dead_letter") == []


async def until_decided(database: Database, crowd: Crowd, requests: int) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while len(await reasons_of(database, crowd)) < requests:
        assert monotonic() < deadline, f"{requests} requests were never decided"
        await asyncio.sleep(0.01)


async def reasons_of(database: Database, crowd: Crowd) -> dict[str, str | None]:
    """Read why members of a round were refused; None where they were not."""
    causes = set(crowd.causes)
    found = await answered(database)
    return {member: why for (member, cause), why in found.items() if cause in causes}


async def sold_once(database: Database, crowd: Crowd) -> None:
    """Exactly ten have a piece and paid for it once; everybody was told, each time the same."""
    reasons = await reasons_of(database, crowd)
    assert reasons.keys() == set(MEMBERS)
    assert Counter(reasons.values()) == {None: STOCK, "out-of-stock": len(MEMBERS) - STOCK}
    charged = {row[0]: (row[1], row[2]) for row in await rows(database, _CHARGED, crowd.causes)}
    assert charged == {name: (1, -PRICE) for name, reason in reasons.items() if reason is None}
    assert crowd.answers.keys() == set(MEMBERS[100:])
    for name, answers in crowd.answers.items():
        assert len(set(answers)) == 1, f"{name} was told {answers}"
        status, body = answers[0]
        if reasons[name] is None:
            assert (status, json.loads(body)["redemption_id"]) == (201, crowd.id_of(name))
        else:
            assert (status, json.loads(body)["code"]) == (409, reasons[name])
    events = await rows(
        database,
        "SELECT type, count(*) AS n FROM messaging.outbox"
        " WHERE aggregatetype = 'redemption-events.v1'"
        " AND payload::json ->> 'reward_id' = $1 GROUP BY type",
        crowd.reward,
    )
    assert {row["type"].split(".")[1]: row["n"] for row in events} == {
        "to-ship": STOCK,
        "rejected": len(MEMBERS) - STOCK,
    }
