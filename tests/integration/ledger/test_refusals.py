"""What does not follow, or does not add up, is refused by the database, and nothing changes."""

import copy
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import orjson
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
Rows = list[dict[str, Any]]
LATER = at(START.replace(month=6))


class Posting:
    """A good posting of two entries for ann, to be spoiled."""

    accounts: Rows
    entries: Rows
    forgiven: Rows
    idle: dict[str, Any]

    async def load(self, connection: Connection) -> None:
        books = await take(connection, [ANN, BOB])
        book = books[ANN]
        parts = [LotMove(LATER.day, 10), LotMove(NEVER, 10)]
        book.settle(LATER)
        book.credit(telling("good/1", LATER.day), "earned", parts, {"why": "new"}, LATER)
        book.debit(telling("good/2", LATER.day), "redeemed", 12, {"why": "spent"}, LATER)
        self.idle = dict(store._account(books[BOB]))
        self.accounts = [dict(store._account(book))]
        self.entries = [dict(store._row(ANN, entry)) for entry in book.entries]
        self.forgiven = [dict(one) for one in store._forgiven([book])]

    async def send(self, connection: Connection) -> int:
        posted: int = await connection.fetchval(
            store.SQL["post"],
            ANN,
            orjson.dumps(self.accounts),
            orjson.dumps(self.entries, default=str),
            orjson.dumps(self.forgiven),
        )
        return posted


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


def entry(number: int, **values: object) -> Callable[[Posting], None]:
    return lambda posting: posting.entries[number].update(values)


def account(**values: object) -> Callable[[Posting], None]:
    return lambda posting: posting.accounts[0].update(values)


def forgive(day: object, points: int) -> Callable[[Posting], None]:
    return lambda posting: posting.forgiven.append(
        {"member_id": ANN, "expires_on": str(day), "points": points}
    )


def skip_a_number(posting: Posting) -> None:
    posting.entries[-1]["seq"] += 1


def tell_another_balance(posting: Posting) -> None:
    posting.entries[-1]["balance"] += 1


def give_more(posting: Posting) -> None:
    posting.entries[-1]["points"] += 1


def give_more_and_say_so(posting: Posting) -> None:
    posting.entries[-1]["points"] += 1
    posting.entries[-1]["balance"] += 1


def take_from_a_poor_lot(posting: Posting) -> None:
    posting.entries[-1].update(lot_dates=["2024-06-01"], lot_points=[-12])


def come_before_the_last(posting: Posting) -> None:
    posting.entries[-1]["posted_at"] = "2024-05-31T00:00:00Z"


def come_before_the_account(posting: Posting) -> None:
    for one in posting.entries:
        one["posted_at"] = "2023-01-01T00:00:00Z"


def post_for_another(posting: Posting) -> None:
    posting.entries[-1].update(member_id=BOB)


def name_the_account_twice(posting: Posting) -> None:
    posting.accounts.append(copy.deepcopy(posting.accounts[0]))


def name_an_idle_account(posting: Posting) -> None:
    posting.accounts.append(posting.idle)


def tell_it_twice(posting: Posting) -> None:
    posting.entries[-1]["cause"] = posting.entries[0]["cause"]


REFUSED: dict[str, tuple[Callable[[Posting], None], str]] = {
    "another seq than the account's": (account(seq=3), "40001"),
    "not the head": (account(head_hash="\\x" + "00" * 32), "40001"),
    "no such account": (account(member_id="cat"), "40001"),
    "a gap": (skip_a_number, "23514"),
    "a seq that is taken": (entry(-1, seq=1), "23514"),
    "a cause told before": (entry(-1, cause="act/1"), "23514"),
    "a cause told twice at once": (tell_it_twice, "23514"),
    "a member that is not locked": (post_for_another, "23514"),
    "an account twice": (name_the_account_twice, "23514"),
    "an account without entries": (name_an_idle_account, "23514"),
    "a wrong balance": (tell_another_balance, "23514"),
    "more points than the balance says": (give_more, "23514"),
    "points that are in no lot": (give_more_and_say_so, "23514"),
    "lots that don't add up": (entry(-1, lot_points=[-10, -3]), "23514"),
    "a lot below zero": (take_from_a_poor_lot, "23514"),
    "posted before the entry before it": (come_before_the_last, "23514"),
    "posted before the account's last": (come_before_the_account, "23514"),
    "arrays of unequal length": (entry(-1, lot_points=[-12]), "23514"),
    "no lots at all": (entry(-1, lot_dates=None), "23502"),
    "a lot without date": (entry(-1, lot_dates=["2024-06-01", None]), "23502"),
    "no date": (entry(-1, lot_dates=["soon", "later"]), "22007"),
    "no number": (entry(-1, seq="x"), "22P02"),
    "a number too large": (entry(-1, points=str(10**20)), "22003"),
    "half a hash": (entry(-1, hash="\\x00"), "23514"),
    "no hash": (entry(-1, hash=None), "23502"),
    "an unknown kind": (entry(-1, kind="stolen"), "23514"),
    "a reason that is too long": (entry(-1, reason="x" * 20_000), "23514"),
    "forgiven beyond expired": (forgive(START.replace(day=5), 10**6), "23514"),
    "forgiven where nothing expired": (forgive("2024-06-01", 1), "23514"),
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
    posting.accounts[0]["new_hash"] = "\\x" + "00" * 32
    await posting.send(earn)
    async with connected(database, None) as owner:
        head = await owner.fetchval("SELECT head_hash FROM ledger.account WHERE member_id = 'ann'")
    assert "\\x" + head.hex() == posting.entries[-1]["hash"]


@pytest.mark.parametrize("member", ["", "x" * 65])
async def test_a_member_without_a_proper_id_is_refused(earn: Connection, member: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await take(earn, [MemberId(member)])
