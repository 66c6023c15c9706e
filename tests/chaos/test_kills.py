"""kill -9 of everything, one after the other, while events flow: nothing lost, nothing doubled."""

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.chaos.kills import caught, hit_batches
from tests.chaos.servers import Victim, kill_all, own_kafka
from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books, Told, open_books, place_of, send, world_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import stories
from tests.support.stack import Home

pytestmark = [pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How much is told and how often something dies meanwhile."""

    events: int
    members: int
    kills: int
    seed: int

    def moments(self) -> list[int]:
        """Draw after how many records each kill comes; the last leaves work to be recovered."""
        chance = random.Random(self.seed)  # noqa: S311 - seeded, so that a failure can be repeated
        return sorted(chance.sample(range(1, int(self.events * 0.8)), self.kills))

    def told(self) -> Told:
        return stories(self.seed, members=self.members, events=self.events, contested=False)


SHORT = pytest.param(
    Form(events=10_000, members=400, kills=3, seed=51), marks=pytest.mark.chaos, id="short"
)
SOAK = pytest.param(
    Form(events=100_000, members=3_000, kills=20, seed=52), marks=pytest.mark.soak, id="soak"
)


async def run_and_die(books: Books, place: Place, form: Form) -> tuple[int, int]:
    """Start earn and relay anew for each moment, kill both there, and count what was in flight."""
    chance = random.Random(form.seed)  # noqa: S311
    batches = rows = 0
    for moment in form.moments():
        async with place.service("relay") as relay, place.service("earn") as earn:
            await books.until_read(moment, more=True)
            in_batch, has_rows = await caught(books.database, chance, earn, relay)
            batches += in_batch
            rows += has_rows
    return batches, rows


@pytest.mark.parametrize("form", [SHORT, SOAK])
async def test_earn_and_relay_are_killed(books: Books, place: Place, form: Form) -> None:
    told = form.told()
    await asyncio.to_thread(send, books.bootstrap, told)
    batches, rows = await run_and_die(books, place, form)
    async with place.service("relay"), place.service("earn"):
        await books.until_done()
    await books.check(world_of(told))
    hit_batches(batches, form.kills)
    hit_batches(rows, form.kills)


@pytest.mark.chaos
async def test_postgres_is_killed(victim: Victim, kafka: KafkaHandle, home: Home) -> None:
    told = stories(53, members=200, events=6_000, contested=False)
    async with AsyncExitStack() as stack:
        books = await stack.enter_async_context(victim.books(kafka))
        place = place_of(books, home.folder)
        relay = await stack.enter_async_context(place.service("relay"))
        earn = await stack.enter_async_context(place.service("earn"))
        await asyncio.to_thread(send, books.bootstrap, told)
        for records in (500, 2_000, 4_000):
            await books.until_read(records)
            kill_all(victim.server)
            victim.server.start()
        await books.until_done()
        assert earn.running
        assert relay.running
        await earn.until_ready()
        await books.check(world_of(told))


@pytest.mark.chaos
async def test_kafka_is_killed(database: Database, home: Home) -> None:
    told = stories(54, members=200, events=6_000, contested=False)
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(own_kafka(home, "killed-kafka"))
        handle = KafkaHandle(bootstrap=broker.config.bootstrap)
        books = await open_books(database, handle)
        place = place_of(books, home.folder)
        relay = await stack.enter_async_context(place.service("relay"))
        earn = await stack.enter_async_context(place.service("earn"))
        await asyncio.to_thread(send, books.bootstrap, told[:4_000])
        await books.until_read(1_000)
        sending = asyncio.create_task(
            asyncio.to_thread(send, books.bootstrap, told[4_000:], first=4_000)
        )
        broker.kill()
        await broker.start()
        await sending
        await books.until_done()
        assert earn.running
        assert relay.running
        await earn.until_ready()
        await books.check(world_of(told))
