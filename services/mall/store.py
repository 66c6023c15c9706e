"""The ledger as the mall may see it: views, read-only, through a pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from services.mall.domain import UNOPENED, Account, Entry, account_on, make_lots
from shared.platform.clock import monotonic
from shared.platform.metrics import Metrics
from shared.platform.postgres import Pool, PooledConnection
from shared.platform.sql import load_statements
from shared.program.dates import local_day
from shared.program.load import default_program, parse

_SQL = load_statements("services.mall")

# A reader that waits longer for a connection is better told to come again.
_ACQUIRE_SECONDS = 2.0
# The zone can't change once there are entries, so this only bounds a first day's mistake.
_ZONE_SECONDS = 60.0


class MallStore:
    """Reads accounts and entries.

    Every method raises one of `shared.platform.postgres.DATABASE_ERRORS` when the database
    does not answer.
    """

    def __init__(self, pool: Pool, metrics: Metrics) -> None:
        self._pool = pool
        self._metrics = metrics
        self._zone: str | None = None
        self._zone_at = 0.0

    async def account(self, member_id: str) -> Account:
        """Read one member's account as it is now; one that was never opened is all zeros."""
        async with self._connection() as connection:
            zone = await self._read_zone(connection)
            row = await connection.fetchrow(_SQL["account"], member_id)
        if row is None:
            return UNOPENED
        return account_on(
            local_day(row["now"], zone),
            balance=row["balance"],
            spendable=row["spendable"],
            held=row["held"],
            debt=row["debt"],
            lots=make_lots(row["lot_dates"], row["lot_points"]),
        )

    async def entries(self, member_id: str, *, below_seq: int, limit: int) -> list[Entry]:
        """Read entries with numbers below one, newest first."""
        async with self._connection() as connection:
            rows = await connection.fetch(_SQL["entries"], member_id, below_seq, limit)
        return [_entry(row) for row in rows]

    async def entry_of_cause(self, member_id: str, cause: str) -> Entry | None:
        """Read the entry that a cause has left with a member, if it has."""
        async with self._connection() as connection:
            row = await connection.fetchrow(_SQL["entry_of_cause"], member_id, cause)
        return None if row is None else _entry(row)

    async def check(self) -> str | None:
        """Tell whether the database answers (a readiness check)."""
        async with self._connection() as connection:
            await self._read_zone(connection)
        return None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[PooledConnection]:
        started = monotonic()
        async with self._pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
            self._metrics.db_pool_wait_seconds.observe(monotonic() - started)
            self._count_connections()
            yield connection
        self._count_connections()

    async def _read_zone(self, connection: PooledConnection) -> str:
        now = monotonic()
        if self._zone is None or now - self._zone_at > _ZONE_SECONDS:
            document = await connection.fetchval(_SQL["newest_program"])
            program = default_program() if document is None else parse(document)
            self._zone, self._zone_at = program.zone, now
        return self._zone

    def _count_connections(self) -> None:
        idle = self._pool.get_idle_size()
        gauge = self._metrics.db_pool_connections
        gauge.labels("idle").set(idle)
        gauge.labels("used").set(self._pool.get_size() - idle)


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(
        entry_id=row["entry_id"],
        seq=row["seq"],
        cause=row["cause"],
        kind=row["kind"],
        points=row["points"],
        balance=row["balance"],
        lots=make_lots(row["lot_dates"], row["lot_points"]),
        reason=row["reason"],
        revision=row["revision"],
        occurred_at=row["occurred_at"],
        posted_at=row["posted_at"],
    )
