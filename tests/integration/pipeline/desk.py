"""Writers that start again where the database says, and what there is to see of a batch."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.earn.domain.desk import Desk
from services.earn.handlers import GROUP, Earn
from shared.contract.codec import Record
from shared.pipeline.batch import Batch
from shared.pipeline.domain import Domain
from shared.pipeline.rows import record_of
from shared.pipeline.size import BatchSize
from shared.pipeline.store import SQL, Partition
from shared.pipeline.writer import Writer
from shared.platform import postgres
from shared.platform.metrics import Metrics
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import read_newer
from tests.integration.earn.desk import CLUSTER, Teller
from tests.integration.pipeline.doubles import ZONE
from tests.support.databases import Database, owner_of
from tests.support.earning import give_program

TOPICS = ("orders.v1", "check-ins.v1", "shares.v1", "ledger-commands.v1")


async def begin(database: Database, *, partitions: int = 1) -> None:
    """Give the database its program and the group its offsets."""
    await give_program(database)
    async with owner_of(database) as owner:
        for partition in range(partitions):
            numbers, zeros = [partition] * len(TOPICS), [0] * len(TOPICS)
            await owner.execute(SQL["begin_offsets"], GROUP, TOPICS, numbers, CLUSTER, zeros)


async def started(
    database: Database,
    domain: Domain[Desk] | None = None,
    *,
    batch: int = 500,
    partition: int = 0,
    cluster: str = CLUSTER,
) -> Teller:
    """Start a writer of earn where the last one stopped."""
    settings = DatabaseSettings(url=SecretStr(database.dsn("jifen_earn")))

    async def connect() -> postgres.Connection:
        return await postgres.connect(
            settings, application_name="test", server_settings={"enable_seqscan": "off"}
        )

    async with owner_of(database) as owner:
        revisions = Revisions(await read_newer(owner, 0))
        stored = await owner.fetch(
            "SELECT * FROM messaging.consumer_offset WHERE partition = $1", partition
        )
    writer: Writer[Desk] = Writer(
        Batch(domain=domain or Earn(zone=ZONE), cluster_id=cluster, revisions=revisions),
        connect,
        Metrics(CollectorRegistry(), "earn"),
        BatchSize(target_seconds=60, start=batch),
    )
    offsets = {Partition(row["topic"], partition): row["next_offset"] for row in stored}
    writer.positions.update(offsets)
    return Teller(writer=writer, partition=partition, next_offset=max(offsets.values(), default=0))


async def rows(database: Database, statement: str, *arguments: object) -> list[asyncpg.Record]:
    """Look at the database as its owner."""
    async with owner_of(database) as owner:
        found: list[asyncpg.Record] = await owner.fetch(statement, *arguments)
    return found


async def dead_letters(database: Database) -> list[asyncpg.Record]:
    """Return the dead letters, in the order they were written."""
    return await rows(database, "SELECT * FROM messaging.dead_letter ORDER BY id")


async def parked(database: Database) -> list[asyncpg.Record]:
    """Return what waits, oldest first."""
    return await rows(database, "SELECT * FROM messaging.parked ORDER BY id")


async def replayed(database: Database, earn: Teller) -> list[Record]:
    """Return all dead letters as the records that a replay makes of them."""
    async with owner_of(database) as owner:
        letters = await owner.fetch("SELECT * FROM messaging.dead_letter ORDER BY id")
    return [again(record_of(dict(row)), earn) for row in letters]


def again(record: Record, earn: Teller) -> Record:
    """Return a record as it comes a second time: the same bytes at a new offset."""
    earn.next_offset += 1
    return Record(
        topic=record.topic,
        partition=earn.partition,
        offset=earn.next_offset - 1,
        timestamp_ms=record.timestamp_ms + 1,
        key=record.key,
        value=record.value,
        headers=record.headers,
    )


async def until(done: Callable[[], bool]) -> None:
    """Wait for something that another task brings about."""
    while not done():  # noqa: ASYNC110  # a writer has no event for each of its states
        await asyncio.sleep(0.005)


async def tell_records(earn: Teller, told: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Tell without what follows."""
    await earn.writer.write([earn.record(*one) for one in told])
