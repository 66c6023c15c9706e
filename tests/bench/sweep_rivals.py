"""Two other ways to empty lots: the floor (an UPDATE per page), and one transaction per member.

Run as `python -m tests.bench.sweep_rivals floor|naive DSN MEMBERS`; prints the seconds it took.
"""

import asyncio
import sys
from typing import Any, Final

import asyncpg
import uvloop

from shared.platform.clock import monotonic
from tests.bench.due import END

PAGE: Final = 500
FLOOR_CONNECTIONS: Final = 2  # as the service has workers
NAIVE_CONNECTIONS: Final = 8

_FIND = """
SELECT member_id FROM ledger.lot WHERE expires_on = $1 AND points > 0 LIMIT $2
"""
_EMPTY = """
UPDATE ledger.lot SET points = 0, expired = expired + points, times_expired = times_expired + 1
WHERE member_id = ANY ($1::text[]) AND expires_on = $2
"""
_LOCK = "SELECT balance, seq FROM ledger.account WHERE member_id = $1 FOR UPDATE"
_LEFT = "SELECT points FROM ledger.lot WHERE member_id = $1 AND expires_on = $2"
_EMPTY_ONE = """
UPDATE ledger.lot SET points = 0, expired = expired + points, times_expired = times_expired + 1
WHERE member_id = $1 AND expires_on = $2
"""
_ENTRY = """
INSERT INTO ledger.entry
SELECT $1, $2, $3, sha256(convert_to($3, 'UTF8')), 'expired', -$4::bigint, $5, ARRAY[$6::date],
    ARRAY[-$4::bigint], '{"rule":"expiry"}', 1, now(), now(), 1, sha256(convert_to($3, 'UTF8'))
"""
_ACCOUNT = """
UPDATE ledger.account SET balance = balance - $2, expired = expired - $2, seq = seq + 1
WHERE member_id = $1
"""
_OUTBOX = """
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload)
VALUES ($1, 'points.v1', $2, 'points.expired.v1', '{}')
"""


async def main(kind: str, dsn: str, members: int) -> float:
    """Do one of them with connections of its own."""
    connections = FLOOR_CONNECTIONS if kind == "floor" else NAIVE_CONNECTIONS
    pool = await asyncpg.create_pool(
        dsn, min_size=connections, max_size=connections, server_settings={"jit": "off"}
    )
    names = [row["member_id"] for row in await pool.fetch(_FIND, END, members, timeout=600)]
    size = PAGE if kind == "floor" else 1
    queue = [names[first : first + size] for first in range(0, len(names), size)]
    started = monotonic()

    async def work() -> None:
        async with pool.acquire() as connection:
            while queue:
                page = queue.pop()
                if kind == "floor":
                    await connection.execute(_EMPTY, page, END)
                else:
                    await _one(connection, page[0])

    await asyncio.gather(*(work() for _ in range(connections)))
    return monotonic() - started


async def _one(connection: Any, member: str) -> None:
    async with connection.transaction():
        balance, seq = await connection.fetchrow(_LOCK, member)
        points = await connection.fetchval(_LEFT, member, END)
        if not points:
            return
        await connection.execute(_EMPTY_ONE, member, END)
        cause = f"expiry/{END}/1"
        await connection.execute(_ENTRY, member, seq + 1, cause, points, balance - points, END)
        await connection.execute(_ACCOUNT, member, points)
        await connection.execute(_OUTBOX, f"{member}/{seq + 1}", member)


if __name__ == "__main__":
    print(uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))  # noqa: T201
