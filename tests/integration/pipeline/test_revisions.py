"""A revision applied under load: every event finds the one in force when it happened."""

import asyncio
from datetime import datetime, timedelta

import pytest

from shared.program.load import default_text
from shared.program.store import apply
from tests.integration.earn.desk import Teller, now
from tests.integration.pipeline.desk import begin, rows, started
from tests.support.databases import Database, owner_of
from tests.support.tellings import paid

pytestmark = pytest.mark.integration

TWICE = default_text().replace("CNY: {points: 1,", "CNY: {points: 2,")


async def keep_telling(earn: Teller, name: str, until: datetime) -> int:
    told = 0
    while now() < until:
        # Some a moment ago, some in what is the future to the database: those count as now.
        at = (now() + timedelta(seconds=told % 5 - 3)).isoformat()
        await earn.tell([paid(f"{name}-{told}", f"{name}-{told % 7}", 10_000, paid_at=at)])
        told += 1
    return told


async def test_entries_name_the_revision_in_force(database: Database) -> None:
    await begin(database, partitions=2)
    assert default_text() != TWICE
    writers = [await started(database, partition=partition) for partition in range(2)]
    end = now() + timedelta(seconds=7)
    telling = [
        asyncio.create_task(keep_telling(writer, f"w{n}", end)) for n, writer in enumerate(writers)
    ]
    async with owner_of(database) as owner:
        revision = await apply(owner, TWICE, by="test")
    counts = await asyncio.gather(*telling)
    for writer in writers:
        await writer.writer.close()
    found = await rows(database, "SELECT * FROM ledger.entry")
    assert len(found) == sum(counts)
    for row in found:
        newer = row["occurred_at"] >= revision.effective_at
        assert row["revision"] == (2 if newer else 1)
        assert row["points"] == (200 if newer else 100)
    assert {row["revision"] for row in found} == {1, 2}
