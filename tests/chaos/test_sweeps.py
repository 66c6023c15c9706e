"""Lots past their date settle when a sweep comes by or when a command does: one and the same."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest

from services.expiry.store import request_run
from shared.ledger import store
from shared.ledger.book import Book, Today
from shared.ledger.entries import Cause, MemberId, Telling
from shared.program.dates import local_day
from tests.integration.consuming.shop import Books, open_books, place_of, send
from tests.integration.expiry.desk import expired, open_desk
from tests.integration.ledger.desk import Standing, audited, connected, expected, standing
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle, owner_of
from tests.support.model import Rules, World, stories
from tests.support.own_clock import come_to, give_clock
from tests.support.stack import Home
from tests.unit.ledger.lives import Life

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

ZONE = "Asia/Shanghai"
FIRST_DAY, DAYS, PARTS = date(2023, 1, 1), 1_000, 3
# Of one topic, so that a member's events have one order and their ledger can be only one.
TOLD = [
    one
    for one in stories(
        81, members=40, events=1_400, first_day=FIRST_DAY, days=DAYS, contested=False
    )
    if one[0].startswith("order.")
]
# Each part is told when all of it has happened, and part of it is past its date by then.
TIMES = [
    datetime.combine(FIRST_DAY + timedelta(days=120 + DAYS * part // PARTS), time(4), UTC)
    for part in range(1, PARTS + 1)
]
# An idempotent producer begins by waiting for an id. One request at a time keeps the order as well:
# the first may find topics so fresh that nobody leads them yet, and be sent again.
QUICKLY = {"enable.idempotence": False, "max.in.flight": 1}
AFTERWARDS = TIMES[-1] + timedelta(days=90)

_MEMBERS = "SELECT member_id FROM ledger.account ORDER BY member_id"


@dataclass(frozen=True, kw_only=True, slots=True)
class Years:
    """A deployment whose database has the time that the test says."""

    books: Books

    async def begin(self) -> None:
        """Give sessions that are opened from now on the test's clock."""
        await give_clock(self.books.database)

    async def come_to(self, moment: datetime) -> None:
        await come_to(self.books.database, moment)

    async def sweep(self) -> int:
        """Sweep from the beginning of time on, and say how many lots expired meanwhile."""
        before = len(await expired(self.books.database))
        async with open_desk(self.books.database) as desk:
            async with desk.connection.transaction():
                await request_run(desk.connection, FIRST_DAY, "test")
            await desk.work()
        return len(await expired(self.books.database)) - before

    async def spend(self) -> int:
        """Let every third member spend half of what they have, and say how many entries it took."""

        def halve(book: Book, today: Today) -> None:
            book.settle(today)
            if book.balance > 0:
                cause = Cause(f"redemption/{today.day}/reserve")
                told = Telling(cause, sha256(cause.encode()).digest(), today.now, today.revision)
                book.debit(told, "redeemed", book.balance // 2 + 1, {}, today)

        return await self._settling(halve)

    @asynccontextmanager
    async def swept(self) -> AsyncIterator[None]:
        """Sweep again and again, between the batches of whoever else is at it."""

        async def keep_sweeping() -> None:
            while True:
                await self.sweep()
                await asyncio.sleep(0.02)

        sweeping = asyncio.create_task(keep_sweeping())
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping

    async def _settling(self, act: Callable[[Book, Today], None]) -> int:
        """Do the same to many members in one transaction, as a service does."""
        async with connected(self.books.database, "jifen_redeem") as connection:
            rows = await connection.fetch(_MEMBERS)
            members = [MemberId(row["member_id"]) for row in rows if _spends(row["member_id"])]
            async with connection.transaction():
                books = await store.lock(connection, members, [])
                today = _today(await store.read_clock(connection))
                await store.load(connection, books, [])
                for book in books.values():
                    act(book, today)
                return await store.post(connection, books.values())


async def test_settled_early_or_late_the_ledgers_are_the_same(
    postgres: PostgresHandle, kafka: KafkaHandle, home: Home
) -> None:
    async with postgres.database() as one, postgres.database() as other:
        early = await _lived(one, kafka, home, swept=True)
        late = await _lived(other, kafka, home, swept=False)
    assert early == late
    assert late == _specified()
    lots = [lot for member in late.values() for lot in member.lots.values()]
    assert sum(expired for _, expired, _, _ in lots)
    assert sum(forgiven for *_, forgiven, _ in lots)
    assert max(times for *_, times in lots) > 1
    assert any(member.balance < 0 for member in late.values())


async def _lived(
    database: Database, kafka: KafkaHandle, home: Home, *, swept: bool
) -> dict[str, Standing]:
    """Tell a deployment everything, and sweep it all the time or only at the end."""
    years = Years(books=await open_books(database, kafka))
    await years.begin()
    async with place_of(years.books, home.folder).service("earn") as earn:
        for part, moment in enumerate(TIMES):
            await years.come_to(moment)
            if swept:
                assert bool(await years.sweep()) == (part > 0)
            async with years.swept() if swept else nullcontext():
                await asyncio.to_thread(send, years.books.bootstrap, _part(part), **QUICKLY)
                await years.books.until_read(len(TOLD) * (part + 1) // PARTS)
            assert await years.spend()
        await earn.drain()
    await years.come_to(AFTERWARDS)
    assert await years.sweep()
    assert not (await audited(database)).findings
    async with owner_of(database) as owner:
        members = [row["member_id"] for row in await owner.fetch(_MEMBERS)]
        return {member: await standing(owner, member) for member in members}


def _specified() -> dict[str, Standing]:
    world = World(Rules())
    for part, moment in enumerate(TIMES):
        for kind, data in _part(part):
            world.tell({"type": kind, "data": data}, moment)
        today = world.rules.day(moment)
        for member, account in world.accounts().items():
            if _spends(member) and (there := account.spendable(today)):
                cause = f"redemption/{today}/reserve"
                account.spend(there // 2 + 1, cause=cause, today=today)
    world.settle(AFTERWARDS)
    return {member: expected(Life(account=account)) for member, account in world.accounts().items()}


def _part(part: int) -> list[tuple[str, dict[str, object]]]:
    return TOLD[len(TOLD) * part // PARTS : len(TOLD) * (part + 1) // PARTS]


def _spends(member: str) -> bool:
    return int(member.rpartition("-")[2]) % 3 == 0


def _today(moment: datetime) -> Today:
    def midnight_after(day: date) -> datetime:
        return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(ZONE))

    return Today(now=moment, day=local_day(moment, ZONE), revision=1, midnight_after=midnight_after)
