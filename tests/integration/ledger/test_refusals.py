"""What does not follow, or does not add up, is refused by the database, and nothing changes."""

import copy
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from shared.ledger import store
from shared.ledger.entries import LotMove, MemberId
from shared.platform.postgres import Connection
from tests.integration.ledger.desk import connected, everything, fill, take
from tests.support.databases import Database
from tests.support.model import NEVER
from tests.unit.ledger.lives import START, at, telling

pytestmark = pytest.mark.integration

ANN, BOB = MemberId("ann"), MemberId("bob")
LATER = at(START.replace(month=6))


class Posting:
    """A good posting of two entries for ann, to be spoiled."""

    entries: list[store._Posting]
    forgiven: list[store._Forgiveness]

    async def load(self, connection: Connection) -> None:
        book = (await take(connection, [ANN, BOB]))[ANN]
        parts = [LotMove(LATER.day, 10), LotMove(NEVER, 10)]
        book.settle(LATER)
        book.credit(telling("good/1", LATER.day), "earned", parts, {"why": "new"}, LATER)
        book.debit(telling("good/2", LATER.day), "redeemed", 12, {"why": "spent"}, LATER)
        self.entries = list(store._postings(book))
        self.forgiven = list(store._forgiven([book]))

    async def send(self, connection: Connection) -> int:
        posted: int = await connection.fetchval(store.SQL["post"], ANN, self.entries, self.forgiven)
        return posted

    def spoil(self, number: int, **values: Any) -> None:
        self.entries[number] = self.entries[number]._replace(**values)


@pytest.fixture
async def earn(database: Database) -> AsyncIterator[Connection]:
    async with connected(database) as connection:
        await fill(connection, ANN, BOB)
        yield connection


@pytest.fixture
async def posting(earn: Connection) -> Posting:
    posting = Posting()
    async with earn.transaction():
        await posting.load(earn)
    return posting


def entry(number: int, **values: Any) -> Callable[[Posting], None]:
    return lambda posting: posting.spoil(number, **values)


def forgive(day: date, points: int) -> Callable[[Posting], None]:
    return lambda posting: posting.forgiven.append(store._Forgiveness(ANN, day, points))


def skip_a_number(posting: Posting) -> None:
    posting.spoil(-1, seq=posting.entries[-1].seq + 1)


def tell_another_balance(posting: Posting) -> None:
    posting.spoil(-1, balance=posting.entries[-1].balance + 1)


def give_more(posting: Posting) -> None:
    posting.spoil(-1, points=posting.entries[-1].points + 1)


def give_more_and_say_so(posting: Posting) -> None:
    give_more(posting)
    tell_another_balance(posting)


def come_before_the_account(posting: Posting) -> None:
    for number in range(len(posting.entries)):
        posting.spoil(number, posted_at=datetime(2023, 1, 1, tzinfo=UTC))


def tell_it_twice(posting: Posting) -> None:
    posting.spoil(-1, cause=posting.entries[0].cause)


def begin_twice(posting: Posting) -> None:
    posting.spoil(-1, decided_on=posting.entries[0].decided_on)


def begin_anew(posting: Posting) -> None:
    posting.spoil(-1, member_id=BOB, decided_on=bytes(32))


REFUSED: dict[str, tuple[Callable[[Posting], None], str]] = {
    "another seq than the account's": (entry(0, seq=3), "40001"),
    "not the head": (entry(0, decided_on=bytes(32)), "40001"),
    "not the head of another": (begin_anew, "40001"),
    "no head": (entry(0, decided_on=None), "23514"),
    "two heads": (begin_twice, "23514"),
    "a gap": (skip_a_number, "23514"),
    "a seq that is taken": (entry(-1, seq=1), "23505"),
    "a cause told before": (entry(-1, cause="act/1"), "23505"),
    "a cause told twice at once": (tell_it_twice, "23505"),
    "a member that was not decided on": (entry(-1, member_id=BOB), "23514"),
    "no such account": (entry(-1, member_id="cat"), "23514"),
    "a wrong balance": (tell_another_balance, "23514"),
    "more points than the balance says": (give_more, "23514"),
    "points that are in no lot": (give_more_and_say_so, "23514"),
    "lots that don't add up": (entry(-1, lot_points="{-10,-3}"), "23514"),
    "a lot below zero": (entry(-1, lot_dates="{2024-06-01}", lot_points="{-12}"), "23514"),
    "posted before the entry before it": (
        entry(-1, posted_at=datetime(2024, 5, 31, tzinfo=UTC)),
        "23514",
    ),
    "posted before the account's last": (come_before_the_account, "23514"),
    "arrays of unequal length": (entry(-1, lot_points="{-12}"), "23514"),
    "no lots at all": (entry(-1, lot_dates=None), "23502"),
    "a lot without date": (entry(-1, lot_dates="{2024-06-01,NULL}"), "23502"),
    "no date": (entry(-1, lot_dates="{soon,later}"), "22007"),
    "no number": (entry(-1, lot_points="{x}"), "22P02"),
    "a number too large": (entry(-1, lot_points=f"{{{10**20}}}"), "22003"),
    "what the driver can't spell": (entry(-1, seq="x"), "22000"),
    "half a hash": (entry(-1, hash=b"\x00"), "23514"),
    "no hash": (entry(-1, hash=None), "23502"),
    "an unknown kind": (entry(-1, kind="stolen"), "23514"),
    "a reason that is too long": (entry(-1, reason="x" * 20_000), "23514"),
    "forgiven beyond expired": (forgive(START.replace(day=5), 10**6), "23514"),
    "forgiven where nothing expired": (forgive(date(2024, 6, 1), 1), "23514"),
    "less than none forgiven": (forgive(START.replace(day=5), -(10**6)), "23514"),
}


async def test_refused_and_nothing_changed(
    database: Database, earn: Connection, posting: Posting
) -> None:
    refused = {}
    async with connected(database, None) as owner:
        before = await everything(owner)
        for name, (spoil, _) in REFUSED.items():
            spoiled = copy.deepcopy(posting)
            spoil(spoiled)
            with pytest.raises(asyncpg.PostgresError) as error:
                await spoiled.send(earn)
            refused[name] = error.value.sqlstate
            assert await everything(owner) == before, name
    assert refused == {name: sqlstate for name, (_, sqlstate) in REFUSED.items()}


async def test_the_posting_that_all_of_them_spoil_is_taken(
    earn: Connection, posting: Posting
) -> None:
    assert await posting.send(earn) == 3
    with pytest.raises(asyncpg.SerializationError):
        await posting.send(earn)


async def test_the_head_is_the_last_entrys_hash(
    database: Database, earn: Connection, posting: Posting
) -> None:
    await posting.send(earn)
    async with connected(database, None) as owner:
        head = await owner.fetchval("SELECT head_hash FROM ledger.account WHERE member_id = 'ann'")
    assert head == posting.entries[-1].hash


async def test_a_member_without_a_proper_id_is_refused(earn: Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await take(earn, [MemberId("x" * 65)])
