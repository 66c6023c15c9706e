"""A revision applied under load: every event finds the one in force when it happened."""

import asyncio
from datetime import datetime, timedelta

import pytest

from shared.pipeline.errors import StaleOffsetsError
from shared.program.load import default_text
from shared.program.revisions import LEAD
from shared.program.store import apply, seed
from tests.integration.earn.desk import Teller, now
from tests.integration.pipeline.desk import begin, rows, started, until
from tests.support.databases import Database, owner_of
from tests.support.tellings import checked_in, paid

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


async def test_a_revision_that_a_restore_took_away_counts_no_more(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    thrice = default_text().replace("CNY: {points: 1,", "CNY: {points: 3,")
    async with owner_of(database) as owner:
        await apply(owner, TWICE, by="test")
        await asyncio.sleep(LEAD.total_seconds())
        await earn.tell([paid("a", "m", 10_000, paid_at=now().isoformat())])
        await owner.execute("DELETE FROM program.revision WHERE revision = 2")
        await earn.tell([paid("b", "m", 10_000, paid_at=now().isoformat())])
        await apply(owner, thrice, by="test")
        await asyncio.sleep(LEAD.total_seconds())
        await earn.tell([paid("c", "m", 10_000, paid_at=now().isoformat())])
    await earn.writer.close()
    found = await rows(database, "SELECT points, revision FROM ledger.entry ORDER BY seq")
    assert [tuple(row) for row in found] == [(200, 2), (100, 1), (300, 2)]


async def test_without_any_revision_it_waits(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    async with owner_of(database) as owner:
        [kept] = await owner.fetch("DELETE FROM program.revision RETURNING *")
        telling = asyncio.create_task(earn.tell([paid("a", "m", 10_000)]))
        await until(lambda: bool(earn.writer.trouble) or telling.done())
        assert "no program revision" in (earn.writer.trouble or "")
        await seed(owner, by="test", document=kept["document"])
    await telling
    await earn.writer.close()
    assert len(await rows(database, "SELECT 1 FROM ledger.entry")) == 1
    assert await rows(database, "SELECT 1 FROM messaging.dead_letter") == []


async def test_another_zone_before_the_first_entry_counts_for_all_that_is_told_after(
    database: Database,
) -> None:
    await begin(database)
    earn = await started(database)
    elsewhere = default_text().replace("zone: Asia/Shanghai", "zone: America/New_York")
    async with owner_of(database) as owner:
        await apply(owner, elsewhere, by="test")
    told = [
        checked_in("twice", "2026-11-20T15:00:00Z"),
        checked_in("twice", "2026-11-20T17:00:00Z"),
        checked_in("once", "2026-11-19T20:00:00Z"),
        checked_in("once", "2026-11-20T14:00:00Z"),
    ]
    with pytest.raises(StaleOffsetsError, match="America/New_York"):
        await earn.tell(told)
    earn.next_offset = 0
    await earn.tell(told)
    await earn.writer.close()
    found = await rows(database, "SELECT member_id, cause FROM ledger.entry ORDER BY 1, 2")
    assert [tuple(row) for row in found] == [
        ("once", "check-in/2026-11-19"),
        ("once", "check-in/2026-11-20"),
        ("twice", "check-in/2026-11-20"),
    ]
