"""kill -9 of everything, one after the other, while events flow: nothing lost, nothing doubled."""

import asyncio
import logging
import random
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.chaos.servers import Victim, hit_batches, kill_all, own_kafka
from tests.integration.consuming.crew import Place, Service
from tests.integration.consuming.shop import Books, Told, open_books, place_of, send, world_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import stories
from tests.support.stack import Home

pytestmark = [pytest.mark.timeout(600)]

_log = logging.getLogger(__name__)

# A transaction of a stopped process can't end any more; rows are what the relay has to move.
_IN_FLIGHT = """
SELECT
    (
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'jifen-earn'
            AND xact_start IS NOT NULL
    ) AS batches,
    (SELECT count(*) FROM messaging.outbox) AS rows
"""


GLANCES = 20
"""How often a kill looks again for a batch in flight before it takes what there is."""


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


async def caught_in_flight(
    books: Books, earn: Service, relay: Service, chance: random.Random
) -> tuple[bool, bool]:
    """Stop both dead inside a batch, look whether each had something under way, and kill them.

    A moment between two batches is let go, a few times: there nothing can be lost or doubled.
    """
    looks = 0
    while True:
        for service in (earn, relay):
            service.send(signal.SIGSTOP)
        (row,) = await books.fetch(_IN_FLIGHT)
        looks += 1
        if (row["batches"] and row["rows"]) or looks == GLANCES:
            break
        for service in (earn, relay):
            service.send(signal.SIGCONT)
        await asyncio.sleep(chance.uniform(0, 0.02))
    for service in (earn, relay):
        await service.kill()
    return bool(row["batches"]), bool(row["rows"])


@dataclass(slots=True, kw_only=True)
class Caught:
    """How many kills found a batch of earn, or rows of the relay, in flight."""

    earn: int = 0
    relay: int = 0


async def run_and_die(books: Books, place: Place, form: Form) -> Caught:
    """Start earn and relay anew for each moment and kill both there."""
    chance = random.Random(form.seed)  # noqa: S311
    caught = Caught()
    for moment in form.moments():
        async with place.service("relay") as relay, place.service("earn") as earn:
            await books.until_read(moment, more=True)
            batch, rows = await caught_in_flight(books, earn, relay, chance)
            caught.earn += batch
            caught.relay += rows
    return caught


@pytest.mark.parametrize("form", [SHORT, SOAK])
async def test_earn_and_relay_are_killed(books: Books, place: Place, form: Form) -> None:
    told = form.told()
    await asyncio.to_thread(send, books.bootstrap, told)
    caught = await run_and_die(books, place, form)
    async with place.service("relay"), place.service("earn"):
        await books.until_done()
    await books.check(world_of(told))
    _log.info("of %d kills so many found something in flight: %s", form.kills, caught)
    hit_batches(caught.earn, form.kills)
    hit_batches(caught.relay, form.kills)


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
