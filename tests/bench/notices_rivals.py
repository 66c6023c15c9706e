"""Two other ways to the same inbox: the floor (no Kafka), and one transaction per event.

Run as `python -m tests.bench.notices_rivals floor|naive DSN EVENTS`; prints the seconds it took.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import orjson
import uvloop
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.notify.channels import Inbox
from services.notify.domain.message import notification_id
from services.notify.handlers import GROUP, Notify
from shared.contract.codec import Record
from shared.pipeline.command import Command
from shared.pipeline.plain import PlainBatch
from shared.pipeline.stages import Stages
from shared.pipeline.store import SQL, Move, Partition
from shared.platform import postgres, process
from shared.platform.clock import monotonic
from shared.platform.metrics import Metrics
from shared.platform.settings import DatabaseSettings
from tests.bench.load import MEMBERS
from tests.integration.notify.told import raw, reminder

BATCH: Final = 500
CONNECTIONS: Final = 8
CLUSTER: Final = "bench"
TOPIC: Final = "reminders.v1"

_SEEN = "SELECT 1 FROM notify.message WHERE member_id = $1 AND cause = $2"
_MESSAGE = """
INSERT INTO notify.message (member_id, cause, id, template, data, created_at)
VALUES ($1, $2, nextval('notify.message_id'), $3, $4, $5) ON CONFLICT DO NOTHING
"""
_OUTBOX = """
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload)
VALUES ($1, 'notifications.v1', $2, 'notification.sent.v1', $3)
"""


def member_of(number: int) -> str:
    """Return whom the n-th reminder is for: each member has several, of different stages."""
    return f"m{number % MEMBERS}"


def stage_of(number: int) -> int:
    return (30, 7, 1, 90)[number // MEMBERS % 4]


def batch() -> PlainBatch[Any]:
    inbox = Inbox(metrics=Metrics(CollectorRegistry(), "notify"))
    return PlainBatch(domain=Notify(channels=[inbox]), cluster_id=CLUSTER)


def commands_of(events: int) -> list[Command]:
    """Decode beforehand what will be told."""
    understand = batch().understand
    items = []
    for number in range(events):
        topic, key, value, headers = raw(reminder(member_of(number), stage_of(number)))
        items.append(understand(Record(topic, 0, number, 0, key, value, tuple(headers))))
    return [item for item in items if isinstance(item, Command)]


async def floor(dsn: str, commands: Sequence[Command]) -> float:
    """Commands that are in memory already, through load, decide and store."""
    settings = DatabaseSettings(url=SecretStr(dsn))
    connection = await postgres.connect(
        settings, application_name="floor", server_settings={"enable_seqscan": "off"}
    )
    unit, at = batch(), Partition(TOPIC, 0)
    await connection.execute(SQL["begin_offsets"], GROUP, [TOPIC], [0], CLUSTER, [0])
    started = monotonic()
    for first in range(0, len(commands), BATCH):
        part = commands[first : first + BATCH]
        await unit.run(connection, part, [Move(at, first, first + len(part))], Stages())
    return monotonic() - started


async def naive(dsn: str, commands: Sequence[Command]) -> float:
    """One transaction per event over a pool of prepared connections."""
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
    data = command.event.data
    told = {"points": data.points, "expires_on": str(data.expires_on)}  # type: ignore[attr-defined]
    template = f"expiry-reminder-{data.stage}"  # type: ignore[attr-defined]
    async with connection.transaction():
        if await connection.fetchval(_SEEN, command.member_id, command.cause):
            return
        now = datetime.now(UTC)  # noqa: TID251 - as a naive service would
        body = orjson.dumps(told).decode()
        await connection.execute(_MESSAGE, command.member_id, command.cause, template, body, now)
        name = notification_id(command.member_id, command.cause)
        sent = orjson.dumps({"notification_id": name, "channel": "inbox", "at": now}).decode()
        await connection.execute(_OUTBOX, f"{name}/inbox", command.member_id, sent)


def main() -> None:
    kind, dsn, events = sys.argv[1:4]
    commands = commands_of(int(events))
    process.calm_collector()
    print(uvloop.run((floor if kind == "floor" else naive)(dsn, commands)))  # noqa: T201


if __name__ == "__main__":
    main()
