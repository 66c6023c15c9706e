"""Relays that are killed, stopped and replaced: nothing is lost and order is kept."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from shared.platform.clock import monotonic
from tests.integration.relay.outbox import (
    Place,
    Process,
    append,
    first_tellings,
    records_of,
    relay_process,
    until_empty,
    until_fewer,
)

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

_BLOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'jifen-relay'
    AND wait_event_type = 'Lock' AND query LIKE 'DELETE FROM messaging.outbox%'
"""


@asynccontextmanager
async def deletes_held_up(place: Place) -> AsyncIterator[None]:
    """Hold up the relay between publish and delete: a barrier, made of row locks."""
    async with place.connected() as connection, connection.transaction():
        await connection.execute("SELECT id FROM messaging.outbox FOR UPDATE")
        yield


async def until_blocked(place: Place) -> None:
    """Return once a relay waits to delete what it has published."""
    deadline = monotonic() + 20
    async with place.connected() as connection:
        while not await connection.fetchval(_BLOCKED):
            assert monotonic() < deadline, "no relay waits to delete"
            await asyncio.sleep(0.01)


async def end_sessions(place: Place) -> None:
    """End what the server still does for relays that are gone, such as a delete that waits."""
    async with place.connected() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'jifen-relay'"
        )


async def fill(place: Place, members: list[str], numbers: range) -> None:
    """Append each number for each member, one transaction per number."""
    async with place.connected() as connection:
        for number in numbers:
            await append(connection, place.topic, members, [number] * len(members))


async def are_ready(*relays: Process) -> bool:
    """Ask each whether it is ready, until all are or it takes too long."""
    deadline = monotonic() + 10
    async with httpx.AsyncClient() as client:
        while monotonic() < deadline:
            answers = [await client.get(f"{relay.url}/readyz") for relay in relays]
            if all(answer.status_code == 200 for answer in answers):
                return True
            await asyncio.sleep(0.1)
    return False


async def test_a_kill_between_publish_and_delete_repeats_but_loses_nothing(place: Place) -> None:
    members = [f"m{number}" for number in range(10)]
    await fill(place, members, range(20))
    async with deletes_held_up(place), relay_process(place) as relay:
        await until_blocked(place)
        relay.send(signal.SIGKILL)
        await relay.process.wait()
        await end_sessions(place)
    async with relay_process(place):
        await until_empty(place)
    records = await records_of(place.bootstrap, place.topic)
    assert first_tellings(records) == {member: list(range(20)) for member in members}
    # The kill did find a page in flight: all of it was told twice.
    assert len(records) == 400


async def test_random_kills_while_writers_go_on(place: Place) -> None:
    chance = random.Random(7)  # noqa: S311 - seeded, so that a failure can be repeated
    members = [f"m{number}" for number in range(50)]
    writers = [
        asyncio.create_task(fill(place, members[start::2], range(100))) for start in range(2)
    ]
    for _ in range(4):
        async with relay_process(place, JIFEN_RELAY_PAGE_ROWS="100") as relay:
            await relay.until_role("leader")
            await asyncio.sleep(chance.uniform(0.01, 0.3))
            relay.send(signal.SIGKILL)
            await relay.process.wait()
    await asyncio.gather(*writers)
    async with relay_process(place):
        await until_empty(place)
    told = first_tellings(await records_of(place.bootstrap, place.topic))
    assert told == {member: list(range(100)) for member in members}


async def test_a_second_relay_stands_by_and_takes_over(place: Place) -> None:
    async with relay_process(place) as first:
        await first.until_role("leader")
        async with relay_process(place) as second:
            await second.until_role("standby")
            assert await are_ready(first, second)
            await fill(place, ["m1"], range(10))
            await until_empty(place)
            first.send(signal.SIGKILL)
            await second.until_role("leader", patience_seconds=5)
            await fill(place, ["m1"], range(10, 20))
            await until_empty(place)
    told = first_tellings(await records_of(place.bootstrap, place.topic))
    assert told == {"m1": list(range(20))}


async def test_a_stopped_leader_loses_its_lead_and_harms_nothing_when_it_wakes(
    place: Place,
) -> None:
    members = [f"m{number}" for number in range(20)]
    async with relay_process(place, JIFEN_RELAY_PAGE_ROWS="50") as first:
        await first.until_role("leader")
        await fill(place, members, range(100))
        await until_fewer(place, 1_900)
        first.send(signal.SIGSTOP)
        async with relay_process(place) as second:
            await second.until_role("leader", patience_seconds=15)
            await until_empty(place)
            first.send(signal.SIGCONT)
            await first.until_role("standby")
            await fill(place, members, range(100, 110))
            await until_empty(place)
            assert second.role == "leader"
    told = first_tellings(await records_of(place.bootstrap, place.topic))
    assert told == {member: list(range(110)) for member in members}


async def test_a_leader_stopped_before_its_delete_deletes_nothing_later(place: Place) -> None:
    await fill(place, ["m1"], range(10))
    async with relay_process(place) as first, relay_process(place) as second:
        async with deletes_held_up(place):
            await until_blocked(place)
            leader, other = (first, second) if first.role == "leader" else (second, first)
            leader.send(signal.SIGSTOP)
            # Its delete times out in the server, then its session, which frees the lead.
            await other.until_role("leader", patience_seconds=20)
            leader.send(signal.SIGCONT)
            await leader.until_role("standby")
            async with place.connected() as connection:
                assert await connection.fetchval("SELECT count(*) FROM messaging.outbox") == 10
        await until_empty(place)
    told = first_tellings(await records_of(place.bootstrap, place.topic))
    assert told == {"m1": list(range(10))}


async def test_a_lost_session_is_only_a_new_beginning(place: Place) -> None:
    async with relay_process(place) as relay:
        await relay.until_role("leader")
        await end_sessions(place)
        await fill(place, ["m1"], range(5))
        await until_empty(place)
        relay.send(signal.SIGTERM)
        assert await asyncio.wait_for(relay.process.wait(), 10) == 0
    assert any(line["event"] == "relay begins again" for line in relay.lines)
    told = first_tellings(await records_of(place.bootstrap, place.topic))
    assert told == {"m1": list(range(5))}


async def test_without_a_broker_the_relay_waits_says_so_and_stops_when_asked(place: Place) -> None:
    nowhere = replace(place, bootstrap="127.0.0.1:1")
    await fill(place, ["m1"], range(5))
    async with relay_process(nowhere) as relay:
        await relay.until_role("leader")
        await relay.until_logged("relay begins again")
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{relay.url}/readyz")
        assert answer.status_code == 503
        assert "127.0.0.1:1" in answer.json()["checks"]["broker"]
        relay.send(signal.SIGTERM)
        assert await asyncio.wait_for(relay.process.wait(), 15) == 0
    async with relay_process(place):
        await until_empty(place)
    assert len(await records_of(place.bootstrap, place.topic)) == 5
