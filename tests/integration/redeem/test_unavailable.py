"""When redeem can't answer it says so and when to come again; what it began, it finishes."""

import asyncio
import signal

import httpx
import pytest

from services.redeem.handlers import GROUP
from shared.pipeline.operator import release_brake
from shared.pipeline.store import trip_brake
from tests.integration.consuming.crew import Place
from tests.integration.redeem.desk import entries, rows
from tests.integration.redeem.doors import Door, furnish, opened, refusal
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, owner_of
from tests.support.model import Reward

pytestmark = pytest.mark.integration

MUG = Reward(id="mug", points=100, stock=500)
UUID = "00000000-0000-5000-8000-000000000000"


def told_to_come_again(*responses: httpx.Response) -> None:
    for response in responses:
        assert refusal(response) == (503, "unavailable", None)
        assert int(response.headers["Retry-After"]) > 0


async def everything(door: Door) -> list[httpx.Response]:
    return [
        await door.reserve("ann", "k1"),
        await door.ask("ann", f"/{UUID}/confirm"),
        await door.ask("ann", f"/{UUID}/cancel"),
        await door.quote("ann"),
        await door.read("ann", UUID),
    ]


async def test_before_the_database_is_there_callers_are_told_to_come_again(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    nowhere = "postgresql://jifen_redeem@127.0.0.1:1/nothing"
    async with opened(place, ready=False, JIFEN_DATABASE_URL=nowhere) as door:
        told_to_come_again(*await everything(door))
    # The database is there, the program is not: nothing can be decided, nor quoted.
    async with opened(place, ready=False) as door:
        *told, read = await everything(door)
        told_to_come_again(*told)
        assert read.status_code == 404
        await furnish(database, kafka, MUG, ann=60)
        await door.service.until_ready()
        assert (await door.reserve("ann", "k1")).status_code == 201


async def test_while_the_brake_is_engaged_callers_are_told_to_come_again(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    await furnish(database, kafka, MUG, ann=60)
    async with opened(place) as door, owner_of(database) as owner:
        await trip_brake(owner, GROUP, "a test")
        # The first finds the brake in its batch, the second is turned away at once.
        for _ in range(2):
            told_to_come_again(await door.reserve("ann", "k1"))
        assert (await door.quote("ann")).status_code == 200
        await release_brake(owner, GROUP, by="a test")
        while (made := await door.reserve("ann", "k1")).status_code == 503:  # noqa: ASYNC110
            await asyncio.sleep(int(made.headers["Retry-After"]) / 10)
        assert made.status_code == 201


async def test_who_waits_too_long_is_told_to_come_again_and_nothing_happens_twice(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    await furnish(database, kafka, MUG, ann=60)
    async with opened(place, JIFEN_CALL_SECONDS="0.3") as door, owner_of(database) as owner:
        async with owner.transaction():
            await owner.execute("SELECT FROM ledger.account FOR UPDATE")
            told_to_come_again(await door.reserve("ann", "k1"))
            told_to_come_again(await door.reserve("ann", "k1"))
        assert (await door.reserve("ann", "k1")).status_code == 201
    assert len((await entries(database))["ann"]) == 2


async def test_those_in_flight_are_answered_before_it_stops(
    database: Database, kafka: KafkaHandle, place: Place
) -> None:
    members = {f"m{n}": 60 for n in range(40)}
    await furnish(database, kafka, MUG, **members)
    async with opened(place) as door, owner_of(database) as owner:
        async with owner.transaction():
            await owner.execute("SELECT FROM ledger.account FOR UPDATE")
            asked = [asyncio.create_task(door.reserve(name, "k1")) for name in members]
            while not await rows(database, _WAITING):  # noqa: ASYNC110 - asked of the database
                await asyncio.sleep(0.05)
            door.service.send(signal.SIGTERM)
            await asyncio.sleep(0.5)
        answers = await asyncio.gather(*asked)
        await asyncio.wait_for(door.service.process.wait(), 30)
    assert [one.status_code for one in answers] == [201] * len(members)
    assert door.service.process.returncode == 0
    assert len(await rows(database, "SELECT 1 FROM redeem.redemption")) == len(members)


_WAITING = """
SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'jifen-redeem'
    AND wait_event_type = 'Lock'
"""
