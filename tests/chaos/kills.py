"""What tests that kill have in common: events are sent, read so far, and a kill finds a batch."""

import asyncio
import random
import signal
from collections.abc import Iterable

from shared.platform.clock import monotonic
from tests.integration.consuming import shop
from tests.integration.consuming.crew import Service
from tests.integration.redeem.desk import rows
from tests.support.databases import Database
from tests.support.model.world import Event

GLANCES = 20
"""How often a kill looks again for a batch in flight before it takes what there is."""

MANY_KILLS = 10
PATIENCE_SECONDS = 120
_READ = """
SELECT coalesce(sum(next_offset), 0) AS read FROM messaging.consumer_offset
WHERE group_name = ANY ($1)
"""
# A transaction of a stopped process can't end any more.
_IN_TRANSACTION = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = $1 AND xact_start IS NOT NULL
) AS under_way
"""
# Between a page's publishing and its deletion the relay has no transaction; its rows are there.
_ROWS_TO_MOVE = "SELECT EXISTS (SELECT FROM messaging.outbox) AS under_way"
_WORKERS = {"expiry": "jifen-expiry-worker"}
"""Under which name a service does its work, where not under its own."""


def send(bootstrap: str, told: Iterable[Event], *, partitioner: str = "consistent_random") -> None:
    """Produce events as a foreign system would."""
    events = [(event["type"], event["data"]) for event in told]
    shop.send(bootstrap, events, partitioner=partitioner)


async def read_so_far(database: Database, *groups: str) -> int:
    """Count the records that consumer groups have read and stored."""
    (row,) = await rows(database, _READ, groups)
    return int(row["read"])


async def until_read(database: Database, records: int, *groups: str) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while (read := await read_so_far(database, *groups)) < records:
        assert monotonic() < deadline, f"{groups} read {read} of {records} records"
        await asyncio.sleep(0.02)


async def caught(database: Database, chance: random.Random, *services: Service) -> tuple[bool, ...]:
    """Stop services dead, look whether each had something under way, and kill them.

    A moment at which one had not is let go, a few times: there nothing can be lost or doubled.
    """
    found: tuple[bool, ...] = ()
    for _ in range(GLANCES):
        for service in services:
            service.send(signal.SIGSTOP)
        found = tuple([await _has_work(database, service.name) for service in services])
        if all(found):
            break
        for service in services:
            service.send(signal.SIGCONT)
        await asyncio.sleep(chance.uniform(0, 0.02))
    for service in services:
        await service.kill()
    return found


def hit_batches(hits: int, kills: int) -> None:
    """Hold a long run to having killed inside batches; a short one may meet pauses alone."""
    assert kills < MANY_KILLS or hits * 2 >= kills, f"too few of {kills} kills hit a batch: {hits}"


async def _has_work(database: Database, service: str) -> bool:
    if service == "relay":
        (row,) = await rows(database, _ROWS_TO_MOVE)
    else:
        name = _WORKERS.get(service, f"jifen-{service}")
        (row,) = await rows(database, _IN_TRANSACTION, name)
    return bool(row["under_way"])
