"""The auditor: recompute every balance, lot and hash chain, and name the first wrong entry.

The database recomputes (audit.sql), page by page of members; each page is one statement with a
snapshot of its own, so that an audit of any length holds back neither writers nor vacuum, and
nothing that commits meanwhile looks like a fault.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

import orjson

from shared.ledger.entries import MemberId
from shared.platform.clock import monotonic
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements

SQL: Final = load_statements("shared.ledger", "audit.sql")

SESSION: Final = {
    "default_transaction_read_only": "on",
    # Lot dates are hashed as text, in this spelling.
    "datestyle": "ISO, YMD",
    # A page is read in the order of the keys, whatever statistics say: in steady memory, unsorted.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "max_parallel_workers_per_gather": "0",
}
"""What the auditor's connections ask of the server."""

MAX_FINDINGS: Final = 100
"""Wrong members that are told one by one; all are counted."""

BEFORE_ALL: Final = ""
AFTER_ALL: Final = "\U0010ffff" * 17
"""Longer and later than any member's id."""

Check: TypeAlias = Literal["member_balance", "lot_remaining", "double_entry", "chain"]
"""What is recomputed: the account's balance and sums by kind from the entries; the lots from what
entries moved; each entry's points against its lots', refunds against what their order gave, and the
sums by kind against the balance; the hash chain with its numbers and times."""

_PAGE_ENTRIES: Final = 20_000  # a fifth of a second
_PAGE_MEMBERS: Final = 2_000
_PAGES_PER_SECOND: Final = 10  # when paced: small pages, so that traffic waits for none
_CHECK_OF: Final[dict[str, Check]] = {
    "account": "member_balance",
    "account.balance": "member_balance",
    "account.sums": "member_balance",
    "balance": "member_balance",
    "lots": "double_entry",
    "order": "double_entry",
}


class Finding(NamedTuple):
    """The first thing wrong with one member; `seq` where it is one of their entries."""

    member_id: MemberId
    seq: int | None
    problem: str
    expected: str
    found: str


class Wrong(NamedTuple):
    """A member whose ledger contradicts itself, and by how many points in each check."""

    finding: Finding
    member_balance: int
    lot_remaining: int
    double_entry: int
    chain_broken: bool

    @property
    def checks(self) -> set[Check]:
        """The checks that fail."""
        failed: dict[Check, object] = {
            "member_balance": self.member_balance,
            "lot_remaining": self.lot_remaining,
            "double_entry": self.double_entry,
            "chain": self.chain_broken,
        }
        return {_check_of(self.finding), *(check for check, off in failed.items() if off)}


class Page(NamedTuple):
    """What recomputing some members came to; `told` are the first of the `wrong` ones."""

    members: int
    entries: int
    wrong: int
    liability: int
    debt: int
    told: list[Wrong]


@dataclass(slots=True, kw_only=True)
class Audit:
    """What an audit saw so far."""

    members: int = 0
    entries: int = 0
    wrong: int = 0
    findings: list[Finding] = field(default_factory=list)


Told = Callable[[Audit], None]
"""Called after every page."""


async def estimate_entries(connection: Connection) -> int | None:
    """Guess how many entries there are, without counting them."""
    about: int = await connection.fetchval(SQL["estimate_entries"])
    return about if about > 0 else None


async def next_page(connection: Connection, after: str, entries: int) -> str | None:
    """Return the last member of a page of about so many entries; None where no account follows."""
    upto: str | None = await connection.fetchval(SQL["next_page"], after, entries, _PAGE_MEMBERS)
    return upto


async def check_page(
    connection: Connection,
    after: str,
    upto: str,
    most: int,
    *,
    statement: str = SQL["check_page"],
) -> Page:
    """Recompute the members after one up to another; tell at most so many of the wrong ones."""
    ((members, entries, wrong, liability, debt, told),) = await connection.fetch(
        statement, after, upto, most
    )
    return Page(
        members,
        entries,
        wrong,
        liability,
        debt,
        [Wrong(Finding(*one[:5]), *one[5:]) for one in orjson.loads(told or b"[]")],
    )


async def page_of(connection: Connection, member_id: str) -> tuple[str, str]:
    """Return the bounds of the page that ends with a member and has no other account."""
    return await connection.fetchval(SQL["member_before"], member_id), member_id


async def verify(
    connect: Callable[[], Awaitable[Connection]],
    *,
    workers: int = 2,
    pace: int | None = None,
    told: Told = lambda _: None,
    statement: str = SQL["check_page"],
) -> Audit:
    """Audit every member with so many connections, or with one at `pace` entries a second.

    `connect` opens connections with the settings of SESSION; raises what the driver raises.
    """
    audit = Audit()
    run = _Run(audit=audit, told=told, pace=pace, statement=statement)
    async with AsyncExitStack() as stack:
        connections = [await connect() for _ in range(1 if pace else workers)]
        for connection in connections:
            stack.push_async_callback(connection.close)
        async with asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(run.work(connection))
    audit.findings.sort()
    return audit


@dataclass(slots=True, kw_only=True)
class _Run:
    """The pages of one audit, handed out to whoever is free."""

    audit: Audit
    told: Told
    pace: int | None
    statement: str
    began: float = field(default_factory=monotonic)
    _position: str = BEFORE_ALL
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def work(self, connection: Connection) -> None:
        while page := await self._next_page(connection):
            await self._check(connection, *page)
            if self.pace:
                due = self.began + self.audit.entries / self.pace
                await asyncio.sleep(max(0.0, due - monotonic()))

    async def _next_page(self, connection: Connection) -> tuple[str, str] | None:
        """Return the bounds of a page; the last one has what follows the last account."""
        async with self._turn:
            after = self._position
            if after == AFTER_ALL:
                return None
            upto = await next_page(connection, after, self._page_entries)
            self._position = upto or AFTER_ALL
            return after, self._position

    @property
    def _page_entries(self) -> int:
        if self.pace is None:
            return _PAGE_ENTRIES
        return min(_PAGE_ENTRIES, self.pace // _PAGES_PER_SECOND + 1)

    async def _check(self, connection: Connection, after: str, upto: str) -> None:
        audit = self.audit
        room = MAX_FINDINGS - len(audit.findings)
        page = await check_page(connection, after, upto, room, statement=self.statement)
        audit.members += page.members
        audit.entries += page.entries
        audit.wrong += page.wrong
        found = [one.finding for one in page.told]
        audit.findings += found[: MAX_FINDINGS - len(audit.findings)]
        self.told(audit)


def _check_of(finding: Finding) -> Check:
    """Say which check a finding belongs to."""
    if finding.seq is None and finding.problem.startswith("lot"):
        return "lot_remaining"
    kind, _, _ = finding.problem.partition(" ")
    return _CHECK_OF.get(kind, "chain")
