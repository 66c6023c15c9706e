"""A writer of earn without Kafka, and accounts as the database has them, for comparing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.earn.domain.desk import Desk
from services.earn.handlers import GROUP, Earn
from shared.contract.codec import Record
from shared.pipeline.batch import Batch
from shared.pipeline.size import BatchSize
from shared.pipeline.store import SQL, Partition
from shared.pipeline.writer import Writer
from shared.platform import postgres
from shared.platform.metrics import Metrics
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import read_newer
from tests.support.databases import Database, owner_of
from tests.support.earning import give_program
from tests.support.model import World, encode, topic_of

CLUSTER = "cluster-of-the-test"
Standing = tuple[int, dict[date, tuple[int, int]]]


@dataclass(kw_only=True)
class Teller:
    """Tells stories to a writer of earn, as if they had come from partitions of Kafka."""

    writer: Writer[Desk]
    next_offset: int = 0
    partition: int = 0
    relayed: int = 0

    async def tell(self, told: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Tell stories, then the commands that follow from them, as the relay would."""
        await self.writer.write([self.record(*one) for one in told])
        while commands := await self._follow_ups():
            await self.writer.write(commands)

    async def _follow_ups(self) -> list[Record]:
        connection = await self.writer.connection()
        rows = await connection.fetch(
            "SELECT * FROM messaging.outbox WHERE aggregatetype = $1 AND id > $2 ORDER BY id",
            "ledger-commands.v1",
            self.relayed,
        )
        self.relayed = max([row["id"] for row in rows], default=self.relayed)
        return [self.command(row["event_id"], row["type"], row["payload"]) for row in rows]

    def command(self, event_id: str, event_type: str, payload: str) -> Record:
        _, _, headers = encode(event_type, {"member_id": ""}, event_id)
        self.next_offset += 1
        return Record(
            topic="ledger-commands.v1",
            partition=self.partition,
            offset=self.next_offset - 1,
            timestamp_ms=1_700_000_000_000,
            key=None,
            value=payload.encode(),
            headers=tuple(headers),
        )

    def record(self, event_type: str, data: dict[str, Any]) -> Record:
        key, value, headers = encode(event_type, data, f"e{self.next_offset}")
        record = Record(
            topic=topic_of(event_type),
            partition=self.partition,
            offset=self.next_offset,
            timestamp_ms=1_700_000_000_000,
            key=key,
            value=value,
            headers=tuple(headers),
        )
        self.next_offset += 1
        return record


async def teller(database: Database, *, batch: int = 500, domain: Any = None) -> Teller:
    """Make a writer with the rights of earn on a database that has the default program."""
    await give_program(database)
    topics = ["orders.v1", "check-ins.v1", "shares.v1", "ledger-commands.v1"]
    async with owner_of(database) as owner:
        revisions = Revisions(await read_newer(owner, 0))
        await owner.execute(SQL["begin_offsets"], GROUP, topics, [0] * 4, CLUSTER, [0] * 4)
    settings = DatabaseSettings(url=SecretStr(database.dsn("jifen_earn")))

    async def connect() -> postgres.Connection:
        return await postgres.connect(
            settings, application_name="test", server_settings={"enable_seqscan": "off"}
        )

    writer: Writer[Desk] = Writer(
        Batch(domain=domain or Earn(zone=revisions.zone), cluster_id=CLUSTER, revisions=revisions),
        connect,
        Metrics(CollectorRegistry(), "earn"),
        BatchSize(target_seconds=60, start=batch),
    )
    writer.positions.update({Partition(topic, 0): 0 for topic in topics})
    return Teller(writer=writer)


async def standings(database: Database) -> dict[str, Standing]:
    """Read (balance, {date: (points, expired - forgiven)}) of every member with entries."""
    async with owner_of(database) as owner:
        balances = await owner.fetch("SELECT member_id, balance FROM ledger.account WHERE seq > 0")
        found: dict[str, Standing] = {row["member_id"]: (row["balance"], {}) for row in balances}
        for row in await owner.fetch("SELECT * FROM ledger.lot"):
            left = (row["points"], row["expired"] - row["forgiven"])
            if any(left):
                found[row["member_id"]][1][row["expires_on"]] = left
    return found


async def entries(database: Database) -> dict[str, list[tuple[str, str, int, int]]]:
    """Read (cause, kind, points, balance) of every member's entries, in order."""
    async with owner_of(database) as owner:
        rows = await owner.fetch("SELECT * FROM ledger.entry ORDER BY member_id, seq")
    found: dict[str, list[tuple[str, str, int, int]]] = {}
    for row in rows:
        line = (row["cause"], row["kind"], row["points"], row["balance"])
        found.setdefault(row["member_id"], []).append(line)
    return found


def expected(world: World) -> dict[str, Standing]:
    """Say what the model's accounts must look like in the database."""
    return {
        member: (
            account.balance,
            {
                day: (lot.points, lot.expired - lot.forgiven)
                for day, lot in account.lots.items()
                if lot.points or lot.expired - lot.forgiven
            },
        )
        for member, account in world.accounts().items()
    }


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the engine reads the database's clock
