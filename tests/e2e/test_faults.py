"""What happens to containers: frozen, killed, cut off. Afterwards everything counts once.

All of it happens to one system, and what is told to it is told to the specification: each test
ends with holding everything against that, whatever came before.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from jifen.testing import JifenStack
from jifen.testing.containers import Containers
from tests.e2e.conftest import in_containers
from tests.e2e.outside import Outside
from tests.integration.consuming.shop import Books, send, world_of
from tests.integration.redeem.desk import rows
from tests.support.images.names import Image
from tests.support.model import stories
from tests.support.tellings import Story

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

EVENTS = 4_000
FROZEN_SECONDS = 30
_GLANCES = 60
_IN_TRANSACTION = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = $1 AND xact_start IS NOT NULL
) AS under_way
"""
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@dataclass(slots=True, kw_only=True)
class Victim:
    """A system in containers, all that it was told, and its books."""

    stack: JifenStack
    containers: Containers
    told: list[Story] = field(default_factory=list)

    @property
    def outside(self) -> Outside:
        return Outside(stack=self.stack)

    @property
    def books(self) -> Books:
        return Books(database=self.outside.database, bootstrap=self.stack.bootstrap)

    @asynccontextmanager
    async def being_told(self, seed: int) -> AsyncIterator[int]:
        """Tell it new stories meanwhile, through librdkafka; yield how many records are half."""
        told = stories(seed, members=80, events=EVENTS, contested=False)
        before = len(self.told)
        async with asyncio.TaskGroup() as sending:
            sending.create_task(self._send(told, before))
            yield before + EVENTS // 2

    async def agrees(self) -> None:
        """Hold all there is against the specification, once it has settled."""
        await self.books.until_done()
        await self.books.check(world_of(self.told))
        await self.outside.is_clean()
        (row,) = await rows(self.outside.database, _DEADLOCKS)
        assert row["deadlocks"] == 0

    async def _send(self, told: Sequence[Story], first: int) -> None:
        self.told += told
        await asyncio.to_thread(send, self.stack.bootstrap, told, first=first)


@pytest.fixture(scope="module")
async def victim(image: Image) -> AsyncIterator[Victim]:
    """A system of this file's own."""
    containers = in_containers(image)
    async with JifenStack(containers) as stack:
        yield Victim(stack=stack, containers=containers)


async def test_the_broker_is_frozen_for_half_a_minute(victim: Victim) -> None:
    async with victim.being_told(201) as half:
        await victim.books.until_read(half)
        await victim.containers.pause("kafka")
        await asyncio.sleep(FROZEN_SECONDS)
        await victim.containers.unpause("kafka")
    await victim.agrees()


async def test_the_database_is_killed(victim: Victim) -> None:
    async with victim.being_told(202) as half:
        await victim.books.until_read(half)
        await victim.containers.kill("postgres")
        await victim.containers.start_again("postgres")
    await victim.agrees()


async def test_earn_is_killed_in_the_middle_of_a_batch(victim: Victim) -> None:
    async with victim.being_told(203) as half:
        await victim.books.until_read(half - EVENTS // 4)
        assert await _frozen_in_a_batch(victim), f"no batch was met in {_GLANCES} glances"
        await victim.containers.kill("earn")
        await victim.containers.start_again("earn")
    await victim.agrees()


async def test_the_relay_is_cut_off_from_kafka(victim: Victim) -> None:
    await victim.containers.cut_off("relay", "kafka")
    async with victim.being_told(204):
        pass
    await victim.books.until_done(relayed=False)
    waiting = await victim.books.waiting()
    await victim.containers.connect("relay", "kafka")
    await victim.agrees()
    assert waiting > 0


async def _frozen_in_a_batch(victim: Victim) -> bool:
    """Freeze earn while it has a transaction; let it go on as long as it has none."""
    for _ in range(_GLANCES):
        await victim.containers.pause("earn")
        (row,) = await rows(victim.outside.database, _IN_TRANSACTION, "jifen-earn")
        if row["under_way"]:
            return True
        await victim.containers.unpause("earn")
        await asyncio.sleep(0.02)
    return False
