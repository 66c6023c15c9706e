"""Writers at the same time: of one version or of two, on the same members."""

import asyncio
from hashlib import sha256
from itertools import cycle

import asyncpg
import pytest

from shared.ledger import store
from shared.ledger.audit import SQL, Finding
from shared.ledger.book import Book
from shared.ledger.entries import Line, LotMove, MemberId
from shared.ledger.hash import HASHERS
from tests.integration.ledger.desk import audited, connected, standing, take
from tests.support.databases import Database
from tests.support.model import NEVER
from tests.unit.ledger.lives import START, at, telling

pytestmark = pytest.mark.integration

MEMBERS = [MemberId(name) for name in ("ann", "bob", "cat", "dan")]
ROUNDS = 15
NEXT = "-- the next version goes here"
NEXT_HASH = """
    WHEN 2 THEN sha256('\\x02' || c.hash_before || int8send(c.seq) || convert_to(c.reason, 'UTF8'))
"""

_WAITING = """
    SELECT l.pid FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
"""


def hash_v2(previous: bytes, line: Line) -> bytes:
    return sha256(b"\x02" + previous + line.seq.to_bytes(8, "big") + line.reason.encode()).digest()


def give(book: Book, cause: str) -> None:
    book.credit(telling(cause), "earned", [LotMove(NEVER, 1)], {"why": cause}, at(START))


async def test_two_versions_extend_the_same_chains(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HASHERS, 2, hash_v2)
    async with connected(database) as old, connected(database) as new:
        turns = cycle([(old, 1), (new, 2), (new, 2), (old, 1), (old, 1)])
        for number, (connection, version) in zip(range(7), turns, strict=False):
            async with connection.transaction():
                books = await take(connection, MEMBERS)
                for book in books.values():
                    book.hash_version = version
                    give(book, f"gift/{number}")
                await store.post(connection, books.values())
    audit = await audited(database)
    assert (audit.wrong, audit.entries) == (4, 28)
    assert audit.findings == [
        Finding(member, 2, "hash_version", "a known one", "2") for member in MEMBERS
    ]
    told = await audited(database, statement=SQL["check_page"].replace(NEXT, NEXT_HASH))
    assert (told.wrong, told.entries) == (0, 28)


async def test_an_auditor_that_knows_the_next_version_checks_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HASHERS, 2, lambda previous, _: previous)
    async with connected(database) as earn, earn.transaction():
        books = await take(earn, MEMBERS[:1])
        give(books[MEMBERS[0]], "gift/1")
        books[MEMBERS[0]].hash_version = 2
        give(books[MEMBERS[0]], "gift/2")
        await store.post(earn, books.values())
    told = await audited(database, statement=SQL["check_page"].replace(NEXT, NEXT_HASH))
    assert [(one.seq, one.problem) for one in told.findings] == [(2, "hash")]


async def test_writers_on_the_same_members_take_turns(database: Database) -> None:
    barrier = asyncio.Barrier(2)

    async def write(name: str, members: list[MemberId]) -> None:
        async with connected(database) as connection:
            for number in range(ROUNDS):
                await barrier.wait()
                async with connection.transaction():
                    books = await take(connection, members)
                    for book in books.values():
                        give(book, f"{name}/{number}")
                    await store.post(connection, books.values())

    # The second asks in the opposite order: locks are taken in the order of ids all the same.
    await asyncio.gather(write("one", MEMBERS), write("two", MEMBERS[::-1]))
    async with connected(database) as connection:
        for member in MEMBERS:
            found = await standing(connection, member)
            assert found.balance == len(found.entries) == 2 * ROUNDS
    assert (await audited(database)).wrong == 0


async def test_a_writer_that_decided_on_old_accounts_must_decide_again(
    database: Database,
) -> None:
    async with connected(database) as quick, connected(database) as slow:
        async with slow.transaction():
            stale = await take(slow, MEMBERS)
        async with quick.transaction():
            books = await take(quick, MEMBERS[2:3])
            give(books[MEMBERS[2]], "quick")
            await store.post(quick, books.values())
        for book in stale.values():
            give(book, "slow")
        with pytest.raises(asyncpg.SerializationError):
            await store.post(slow, stale.values())
        async with slow.transaction():
            again = await take(slow, MEMBERS)
            for book in again.values():
                give(book, "slow")
            await store.post(slow, again.values())
        assert (await standing(slow, MEMBERS[2])).balance == 2
        assert (await standing(slow, MEMBERS[0])).balance == 1
    assert (await audited(database)).wrong == 0


async def test_an_account_is_not_opened_while_somebody_counts_on_there_being_none(
    database: Database,
) -> None:
    ann, bob = MEMBERS[:1], MEMBERS[1:2]
    async with connected(database, "jifen_redeem") as redeem, connected(database) as earn:
        async with redeem.transaction():
            assert await store.hold_absent(redeem, ann)
            opening = asyncio.create_task(store.lock(earn, ann, ann))
            while not await redeem.fetch(_WAITING):  # noqa: ASYNC110 - the lock tells nobody
                await asyncio.sleep(0.01)
            assert await store.lock(redeem, ann, []) == {}
        assert (await opening).keys() == set(ann)
        assert not await store.hold_absent(redeem, ann)
        async with earn.transaction():
            await store.lock(earn, bob, bob)
            assert not await store.hold_absent(redeem, bob)
