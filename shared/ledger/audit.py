"""The auditor: recompute every balance, lot and hash chain, and name the first wrong entry.

The database recomputes (audit.sql), page by page of members; each page is one statement with a
snapshot of its own, so that an audit of any length holds back neither writers nor vacuum.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, NamedTuple

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

_PAGE_ENTRIES: Final = 20_000  # a fifth of a second
_PAGE_MEMBERS: Final = 2_000
_PAGES_PER_SECOND: Final = 10  # when paced: small pages, so that traffic waits for none
_BEFORE_ALL: Final = ""
_AFTER_ALL: Final = "\U0010ffff" * 17  # longer and later than any member's id


class Finding(NamedTuple):
    """The first thing wrong with one member; `seq` where it is one of their entries."""

    member_id: MemberId
    seq: int | None
    problem: str
    expected: str
    found: str


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


async def verify(
    connect: Callable[[], Awaitable[Connection]],
    *,
    workers: int = 2,
    pace: int | None = None,
    told: Told = lambda _: None,
    check_page: str = SQL["check_page"],
) -> Audit:
    """Audit every member with so many connections, or with one at `pace` entries a second.

    `connect` opens connections with the settings of SESSION; raises what the driver raises.
    """
    audit = Audit()
    run = _Run(audit=audit, told=told, pace=pace, check_page=check_page)
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
    check_page: str
    began: float = field(default_factory=monotonic)
    _position: str = _BEFORE_ALL
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
            if after == _AFTER_ALL:
                return None
            upto: str | None = await connection.fetchval(
                SQL["next_page"], after, self._page_entries, _PAGE_MEMBERS
            )
            self._position = upto or _AFTER_ALL
            return after, self._position

    @property
    def _page_entries(self) -> int:
        if self.pace is None:
            return _PAGE_ENTRIES
        return min(_PAGE_ENTRIES, self.pace // _PAGES_PER_SECOND + 1)

    async def _check(self, connection: Connection, after: str, upto: str) -> None:
        audit = self.audit
        room = MAX_FINDINGS - len(audit.findings)
        (row,) = await connection.fetch(self.check_page, after, upto, room)
        audit.members += row["members"]
        audit.entries += row["entries"]
        audit.wrong += row["wrong"]
        found = [Finding(*one) for one in orjson.loads(row["findings"] or b"[]")]
        audit.findings += found[: MAX_FINDINGS - len(audit.findings)]
        self.told(audit)
