"""Two other ways to the same rows: the floor (no Kafka, no relay), and one transaction per event.

Run as `python -m tests.bench.rivals floor|naive DSN EVENTS PROCESS`; prints the seconds it took.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import orjson
import uvloop
from pydantic import SecretStr

from services.earn.handlers import GROUP, Earn
from shared.contract.codec import Record
from shared.pipeline.batch import Batch
from shared.pipeline.command import Command
from shared.pipeline.stages import Stages
from shared.pipeline.store import SQL, Move, Partition
from shared.platform import postgres, process
from shared.platform.clock import monotonic
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import read_newer
from tests.bench.load import MEMBERS, orders

BATCH: Final = 500
CONNECTIONS: Final = 8
CLUSTER: Final = "bench"

_OPEN = """
INSERT INTO ledger.account (member_id, head_hash) VALUES ($1, ledger.genesis($1))
ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT balance, seq FROM ledger.account WHERE member_id = $1 FOR UPDATE"
_SEEN = "SELECT 1 FROM ledger.entry WHERE member_id = $1 AND cause = $2"
_CLAIM = """
INSERT INTO earn.order_claim (order_id, member_id, currency, lines) VALUES ($1, $2, 'CNY', $3)
ON CONFLICT DO NOTHING
"""
_LOT = """
INSERT INTO ledger.lot (member_id, expires_on, points) VALUES ($1, '2027-01-31', $2)
ON CONFLICT (member_id, expires_on) DO UPDATE SET points = lot.points + excluded.points
"""
_ENTRY = """
INSERT INTO ledger.entry
SELECT $1, $2, $3, $4, 'earned', $5, $6, '{2027-01-31}', ARRAY[$5::bigint], $7, 1, now(), now(),
    1, sha256($4)
"""
_ACCOUNT = """
UPDATE ledger.account SET balance = balance + $2, earned = earned + $2, seq = seq + 1
WHERE member_id = $1
"""
_OUTBOX = """
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload)
VALUES ($1, 'points.v1', $2, 'points.earned.v1', $3)
"""


async def floor(dsn: str, commands: Sequence[Command], number: int) -> float:
    """Commands that are in memory already, through load, decide and store."""
    settings = DatabaseSettings(url=SecretStr(dsn))
    connection = await postgres.connect(
        settings, application_name="floor", server_settings={"enable_seqscan": "off"}
    )
    revisions = Revisions(await read_newer(connection, 0))
    batch = Batch(domain=Earn(zone=revisions.zone), cluster_id=CLUSTER, revisions=revisions)
    at = Partition("orders.v1", number)
    await connection.execute(SQL["begin_offsets"], GROUP, ["orders.v1"], [number], CLUSTER, [0])
    started = monotonic()
    for first in range(0, len(commands), BATCH):
        part = commands[first : first + BATCH]
        await batch.run(connection, part, [Move(at, first, first + len(part))], Stages())
    seconds = monotonic() - started
    await postgres.close(connection)
    return seconds


async def naive(dsn: str, commands: Sequence[Command]) -> float:
    """One transaction per event over a pool of prepared connections; members in no batch."""
    pool = await asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS)
    queue = list(reversed(commands))
    started = monotonic()

    async def work() -> None:
        async with pool.acquire() as connection:
            while queue:
                await _naive_one(connection, queue.pop())

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return monotonic() - started


async def _naive_one(connection: Any, command: Command) -> None:
    member, data = command.member_id, command.event.data
    lines = [[line.line_id, line.paid_minor, 0] for line in data.lines]  # type: ignore[attr-defined]
    points = sum(line[1] for line in lines) // 100
    reason = orjson.dumps({"rules": ["purchase"], "points": points}).decode()
    async with connection.transaction():
        await connection.execute(_OPEN, member)
        balance, seq = await connection.fetchrow(_LOCK, member)
        if await connection.fetchval(_SEEN, member, command.cause):
            return
        order_id = data.order_id  # type: ignore[attr-defined]
        await connection.execute(_CLAIM, order_id, member, orjson.dumps(lines).decode())
        await connection.execute(_LOT, member, points)
        values = (member, seq + 1, command.cause, command.fingerprint, points, balance + points)
        await connection.execute(_ENTRY, *values, reason)
        await connection.execute(_ACCOUNT, member, points)
        await connection.execute(_OUTBOX, f"{member}/{seq + 1}", member, reason)


def commands_of(events: int, number: int) -> list[Command]:
    """Decode beforehand what this process will apply; its members are its own, as partitions'."""
    earn = Earn(zone="Asia/Shanghai")
    batch = Batch(domain=earn, cluster_id=CLUSTER, revisions=Revisions())
    told = orders(events, seed=100 + number, members=MEMBERS // 2, of=f"m{number}-")
    items = [
        batch.understand(
            Record(
                topic="orders.v1",
                partition=number,
                offset=offset,
                timestamp_ms=0,
                key=key,
                value=value,
                headers=tuple(headers),
            )
        )
        for offset, (key, value, headers) in enumerate(told)
    ]
    return [item for item in items if isinstance(item, Command)]


def main() -> None:
    kind, dsn, events, number = sys.argv[1:5]
    commands = commands_of(int(events), int(number))
    process.calm_collector()
    run = floor(dsn, commands, int(number)) if kind == "floor" else naive(dsn, commands)
    print(uvloop.run(run))  # noqa: T201


if __name__ == "__main__":
    main()
