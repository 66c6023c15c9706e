"""The ledger as the mall may see it: views, read-only, through a pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import asyncpg

from services.mall.domain.account import Account, Entry, account_on, make_lots
from services.mall.domain.catalogue import (
    Band,
    Redemption,
    Reward,
    Used,
    counting_day,
    daily_limit,
)
from services.mall.domain.cursors import Place
from services.mall.domain.inbox import Message
from shared.platform.clock import monotonic
from shared.platform.metrics import Metrics
from shared.platform.postgres import Pool, PooledConnection
from shared.platform.schema import check_schema
from shared.platform.sql import load_statements
from shared.program.dates import local_day
from shared.program.load import default_program, parse

_SQL = load_statements("services.mall")

# A reader that waits longer for a connection is better told to come again.
_ACQUIRE_SECONDS = 2.0
# The zone can't change once there are entries, so this only bounds a first day's mistake.
_ZONE_SECONDS = 60.0


class MallStore:
    """Reads accounts, entries, rewards and redemptions.

    Every method raises one of `shared.platform.postgres.DATABASE_ERRORS` when the database
    does not answer.
    """

    def __init__(self, pool: Pool, metrics: Metrics) -> None:
        self._pool = pool
        self._wait_seconds = metrics.db_pool_wait_seconds.labels(metrics.service)
        self._connections = {
            state: metrics.db_pool_connections.labels(metrics.service, state)
            for state in ("idle", "used")
        }
        self._zone: str | None = None
        self._zone_at = 0.0

    async def account(self, member_id: str) -> Account:
        """Read one member's account as it is now; one that was never opened is all zeros."""
        async with self._connection() as connection:
            zone = await self._read_zone(connection)
            [row] = await connection.fetch(_SQL["account"], member_id)
        return account_on(
            local_day(row["now"], zone),
            zone,
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

    async def expired(self, member_id: str, *, below_seq: int, limit: int) -> list[Entry]:
        """Read entries of points that expired, with numbers below one, newest first."""
        async with self._connection() as connection:
            rows = await connection.fetch(_SQL["expired"], member_id, below_seq, limit)
        return [_entry(row) for row in rows]

    async def rewards(self, band: Band, *, after: int, limit: int) -> list[Reward]:
        """Read rewards that are on sale now, after a position, in the document's order."""
        async with self._connection() as connection:
            zone = await self._read_zone(connection)
            rows = await connection.fetch(_SQL["rewards"], after, band.low, band.below, limit)
        return [_reward(row, zone) for row in rows]

    async def used(self, member_id: str, since: date) -> Used:
        """Count the pieces a member has by reward and month, from the first day of one on."""
        async with self._connection() as connection:
            rows = await connection.fetch(_SQL["used"], member_id, since)
        return {(row["reward_id"], row["month"]): row["used"] for row in rows}

    async def redemptions(
        self, member_id: str, *, status: str | None, before: Place | None, limit: int
    ) -> list[Redemption]:
        """Read redemptions before a place, newest first."""
        at, name = (None, None) if before is None else before
        async with self._connection() as connection:
            rows = await connection.fetch(_SQL["redemptions"], member_id, status, at, name, limit)
        return [_redemption(row) for row in rows]

    async def messages(self, member_id: str, *, below_id: int, limit: int) -> list[Message]:
        """Read an inbox below a message's number, newest first."""
        async with self._connection() as connection:
            rows = await connection.fetch(_SQL["messages"], member_id, below_id, limit)
        return [Message(**dict(row)) for row in rows]

    async def unread(self, member_id: str) -> int:
        """Count the messages of an inbox that nobody has read."""
        async with self._connection() as connection:
            unread: int = await connection.fetchval(_SQL["unread"], member_id)
        return unread

    async def check(self) -> str | None:
        """Tell whether the database answers, with a schema we know (a readiness check)."""
        async with self._connection() as connection:
            await check_schema(connection)
            await self._read_zone(connection)
        return None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[PooledConnection]:
        started = monotonic()
        async with self._pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
            self._wait_seconds.observe(monotonic() - started)
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
        self._connections["idle"].set(idle)
        self._connections["used"].set(self._pool.get_size() - idle)


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(**_with_lots(row))


def _reward(row: asyncpg.Record, zone: str) -> Reward:
    day = counting_day(local_day(row["now"], zone), row["day"])
    used = row["day_used"] if row["day"] == day else 0
    return Reward(
        reward_id=row["reward_id"],
        position=row["position"],
        kind=row["kind"],
        title=row["title"],
        points=row["points"],
        stock_left=row["stock_left"],
        daily=daily_limit(row["daily_limit"], used=used, day=day, zone=zone),
        monthly_limit=row["monthly_limit"],
        on_sale_from=row["on_sale_from"],
        on_sale_until=row["on_sale_until"],
        tiers=tuple(row["tiers"]),
        counts_on=day,
    )


def _redemption(row: asyncpg.Record) -> Redemption:
    return Redemption(**_with_lots(row))


def _with_lots(row: asyncpg.Record) -> dict[str, Any]:
    """Return a row's columns, the two arrays of lots as lots."""
    columns = dict(row)
    columns["lots"] = make_lots(columns.pop("lot_dates"), columns.pop("lot_points"))
    return columns
