"""Revisions in a real database: seeded once, applied in turn, and never under a batch's feet."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from shared.platform.postgres import Connection
from shared.program.errors import ProgramError
from shared.program.load import default_program, default_text
from shared.program.revisions import BEGINNING, LEAD, Revisions
from shared.program.store import RevisionRefusedError, apply, read_newer, seed
from tests.support.databases import Database

pytestmark = pytest.mark.integration

BERLIN = default_text().replace("zone: Asia/Shanghai", "zone: Europe/Berlin")
GENEROUS = default_text().replace("clicked: 5", "clicked: 7")

_POST_SOMETHING = """
    INSERT INTO ledger.entry VALUES (
        'ann', 1, 'order/o1/paid', sha256(''), 'earned', 1, 1, '{infinity}', '{1}', '{}', 1,
        now(), now(), 1, sha256('')
    )
"""
_SOMEBODY_WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND database = $1::oid)"


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.dsn())
    yield connection
    await connection.close()


@pytest.fixture
async def service(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.dsn("jifen_earn"))
    yield connection
    await connection.close()


async def test_revision_one_is_the_default_from_the_beginning_of_time(owner: Connection) -> None:
    await seed(owner, by="stack")
    await seed(owner, by="stack again", document=BERLIN)
    (first,) = await read_newer(owner, 0)
    assert (first.number, first.effective_at) == (1, BEGINNING)
    assert first.program == default_program()
    assert await read_newer(owner, 1) == ()


async def test_a_shop_may_begin_with_its_own_program(owner: Connection) -> None:
    with pytest.raises(ProgramError):
        await seed(owner, by="stack", document="version: 1")
    await seed(owner, by="stack", document=BERLIN)
    assert Revisions(await read_newer(owner, 0)).zone == "Europe/Berlin"


async def test_revisions_are_numbered_in_turn(owner: Connection, service: Connection) -> None:
    await seed(owner, by="stack")
    second = await apply(owner, GENEROUS, by="mei")
    later = second.effective_at + timedelta(days=1)
    third = await apply(owner, default_text(), by="mei", at=later)
    assert (second.number, third.number, third.effective_at) == (2, 3, later)
    assert await read_newer(service, 1) == (second, third)
    clock = await owner.fetchval("SELECT clock_timestamp()")
    assert abs(clock + LEAD - second.effective_at) < timedelta(minutes=1)
    kept = await owner.fetchval("SELECT document FROM program.revision WHERE revision = 2")
    assert kept == GENEROUS


async def test_a_refused_program_leaves_nothing(owner: Connection) -> None:
    with pytest.raises(RevisionRefusedError, match="revision 1: expected it to be there"):
        await apply(owner, GENEROUS, by="mei")
    await seed(owner, by="stack")
    now = await owner.fetchval("SELECT clock_timestamp()")
    with pytest.raises(RevisionRefusedError, match="effective time: expected"):
        await apply(owner, GENEROUS, by="mei", at=now + timedelta(seconds=1))
    with pytest.raises(ProgramError):
        await apply(owner, "version: 2", by="mei")
    assert await read_newer(owner, 1) == ()


async def test_the_zone_stays_once_there_are_entries(owner: Connection) -> None:
    await seed(owner, by="stack")
    await apply(owner, BERLIN, by="mei")
    await owner.execute(_POST_SOMETHING)
    later = await owner.fetchval("SELECT clock_timestamp() + interval '1 hour'")
    with pytest.raises(RevisionRefusedError, match="zone: expected 'Europe/Berlin', in use"):
        await apply(owner, default_text(), by="mei", at=later)


async def test_applying_waits_for_a_batch_that_has_read_the_program(
    owner: Connection, service: Connection, database: Database
) -> None:
    """A batch that read the old zone posts before the change is judged, never after it."""
    await seed(owner, by="stack")
    watcher: Connection = await asyncpg.connect(database.dsn())
    oid = await watcher.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
    batch = service.transaction()
    await batch.start()
    await read_newer(service, 0)
    applying = asyncio.create_task(apply(owner, BERLIN, by="mei"))
    while not await watcher.fetchval(_SOMEBODY_WAITS, oid):
        assert not applying.done()
        await asyncio.sleep(0.01)
    await watcher.execute(_POST_SOMETHING)
    await batch.commit()
    with pytest.raises(RevisionRefusedError, match="zone: expected 'Asia/Shanghai', in use"):
        await applying
    await watcher.close()


async def test_two_operators_get_two_numbers(owner: Connection, database: Database) -> None:
    await seed(owner, by="stack")
    other: Connection = await asyncpg.connect(database.dsn())
    at = await owner.fetchval("SELECT clock_timestamp() + interval '1 hour'")
    told = await asyncio.gather(
        apply(owner, GENEROUS, by="mei", at=at),
        apply(other, GENEROUS, by="lei", at=at),
        return_exceptions=True,
    )
    await other.close()
    assert sum(isinstance(one, RevisionRefusedError) for one in told) == 1
    assert [one.number for one in await read_newer(owner, 0)] == [1, 2]
