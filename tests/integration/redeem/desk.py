"""Writers of redeem without Kafka, members with points, and what the tables hold in the end."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import asyncpg
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.redeem.domain.desk import Desk
from services.redeem.domain.limits import Policy
from services.redeem.handlers import GROUP, TOPICS, Redeem, answer_of, cause_of, wakes_of
from services.redeem.releases import Releases
from shared.contract.codec import Event as EventOfCalls
from shared.contract.codec import Record
from shared.contract.fingerprint import fingerprint
from shared.contract.wire import Wire
from shared.ledger import store as ledger
from shared.ledger.entries import Cause, LotMove, MemberId, Telling
from shared.pipeline.batch import Batch
from shared.pipeline.command import Command, Reply
from shared.pipeline.moment import moment_at
from shared.pipeline.size import BatchSize
from shared.pipeline.store import SQL, Partition
from shared.pipeline.writer import Writer
from shared.platform import postgres
from shared.platform.metrics import Metrics
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import read_newer, seed
from shared.rewards.store import apply
from tests.support.databases import Database, owner_of
from tests.support.model import Account, Reward, encode, topic_of
from tests.support.model.world import Event

CLUSTER = "cluster-of-the-test"
PARTITIONS = 4
_ANSWERED = """
SELECT member_id, cause, answer::json ->> 'reason' AS reason FROM redeem.command
UNION ALL
SELECT member_id, cause, NULL FROM ledger.entry WHERE kind = 'redeemed'
"""
_TIME_PASSES = "UPDATE redeem.redemption SET reserved_until = reserved_until - $1::interval"


@dataclass(kw_only=True)
class Teller:
    """Tells events to a writer of redeem, as if they had come from one partition of Kafka."""

    writer: Writer[Desk]
    partition: int = 0
    offsets: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOPICS, 0))

    async def tell(self, events: Sequence[Event]) -> None:
        await self.writer.write([self.record(event) for event in events])

    def record(self, event: Event) -> Record:
        topic = topic_of(event["type"])
        offset = self.offsets[topic]
        self.offsets[topic] += 1
        key, value, headers = encode(event["type"], event["data"], f"{self.partition}/{offset}")
        return Record(
            topic=topic,
            partition=self.partition,
            offset=offset,
            timestamp_ms=1_700_000_000_000,
            key=key,
            value=value,
            headers=tuple(headers),
        )


async def open_shop(
    database: Database, rewards: Sequence[Reward], accounts: Mapping[str, Account]
) -> None:
    """Open a shop for writers that read no Kafka."""
    await give_points(database, rewards, accounts)
    async with owner_of(database) as owner:
        for partition in range(PARTITIONS):
            numbers, zeros = [partition] * len(TOPICS), [0] * len(TOPICS)
            await owner.execute(SQL["begin_offsets"], GROUP, TOPICS, numbers, CLUSTER, zeros)


async def give_points(
    database: Database, rewards: Sequence[Reward], accounts: Mapping[str, Account]
) -> None:
    """Put program and rewards in force, and give members what the accounts have."""
    async with owner_of(database) as owner:
        await seed(owner, by="test")
        await apply(owner, document(rewards), by="test")
        await _give(owner, accounts)


def document(rewards: Sequence[Reward]) -> str:
    """Spell rewards as YAML, of which JSON is a part."""
    return json.dumps({"version": 1, "rewards": [_spelt(one) for one in rewards]})


async def teller(
    database: Database, *, batch: int = 500, partition: int = 0, policy: Policy | None = None
) -> Teller:
    """Make a writer with the rights of redeem."""
    async with owner_of(database) as owner:
        revisions = Revisions(await read_newer(owner, 0))
    settings = settings_of(database)

    async def connect() -> postgres.Connection:
        return await postgres.connect(
            settings, application_name="test", server_settings={"enable_seqscan": "off"}
        )

    redeem = Redeem(zone=revisions.zone, policy=policy or Policy())
    writer: Writer[Desk] = Writer(
        Batch(domain=redeem, cluster_id=CLUSTER, revisions=revisions, answer=answer_of),
        connect,
        Metrics(CollectorRegistry(), "redeem"),
        BatchSize(target_seconds=60, start=batch),
    )
    writer.positions.update({Partition(topic, partition): 0 for topic in TOPICS})
    return Teller(writer=writer, partition=partition)


def settings_of(database: Database) -> DatabaseSettings:
    return DatabaseSettings(url=SecretStr(database.dsn("jifen_redeem")))


@asynccontextmanager
async def releasing(
    database: Database, metrics: Metrics | None = None, *, every_seconds: float = 60
) -> AsyncIterator[Releases]:
    """Have a process of redeem that nobody tells anything: its loop, and what decides for it."""
    metrics = metrics or Metrics(CollectorRegistry(), "redeem")
    writer = (await teller(database)).writer

    async def tell(data: Wire, _traceparent: str | None) -> Reply:
        cause = cause_of(data)
        command = Command(
            cause=cause,
            member_id=MemberId(data.member_id),
            fingerprint=fingerprint(data),
            event=EventOfCalls(id=cause, source="/test", data=data),
            record=None,
            wakes=wakes_of(data),
        )
        return await writer.ask(command, patience_seconds=30)

    serving = asyncio.create_task(writer.serve())
    async with postgres.create_pool(
        settings_of(database), application_name="test", max_size=1
    ) as pool:
        yield Releases(pool, tell, metrics, every_seconds=every_seconds)
    serving.cancel()
    await asyncio.wait({serving})
    await writer.close()


async def release(database: Database) -> int:
    """Release what is due, as the service's loop would; return how many that were."""
    async with releasing(database) as releases:
        return await releases.release_page()


async def pass_time(database: Database, passed: timedelta) -> None:
    """Let reservations be so much older; the clock itself is the database's."""
    async with owner_of(database) as owner:
        await owner.execute(_TIME_PASSES, passed)


async def rows(database: Database, statement: str, *arguments: object) -> list[asyncpg.Record]:
    async with owner_of(database) as owner:
        found: list[asyncpg.Record] = await owner.fetch(statement, *arguments)
    return found


async def answered(database: Database) -> dict[tuple[str, str], str | None]:
    """Read which commands have an answer, by member and cause: why not, or None for yes.

    A request has either a kept answer or an entry that took its points, never both.
    """
    found = await rows(database, _ANSWERED)
    reasons = {(row["member_id"], row["cause"]): row["reason"] for row in found}
    assert len(reasons) == len(found)
    return reasons


async def entries(database: Database) -> dict[str, list[tuple[str, str, int, int]]]:
    """Read (cause, kind, points, balance) of every member's entries, in order."""
    found: dict[str, list[tuple[str, str, int, int]]] = {}
    for row in await rows(database, "SELECT * FROM ledger.entry ORDER BY member_id, seq"):
        line = (row["cause"], row["kind"], row["points"], row["balance"])
        found.setdefault(row["member_id"], []).append(line)
    return found


async def stock_adds_up(database: Database) -> bool:
    """Tell whether the stock rows say what the redemptions say."""
    counted = await rows(
        database,
        "SELECT s.reward_id FROM redeem.stock AS s LEFT JOIN redeem.redemption AS r"
        " ON r.reward_id = s.reward_id AND r.status <> 'cancelled' GROUP BY s.reward_id"
        " HAVING s.reserved <> coalesce(sum(r.quantity) FILTER (WHERE r.status = 'reserved'), 0)"
        " OR s.sold <> coalesce(sum(r.quantity) FILTER (WHERE r.status <> 'reserved'), 0)",
    )
    return counted == []


async def _give(owner: postgres.Connection, accounts: Mapping[str, Account]) -> None:
    revisions = Revisions(await read_newer(owner, 0))
    async with owner.transaction():
        members = [MemberId(name) for name in sorted(accounts)]
        books = await ledger.lock(owner, members, members)
        moment = moment_at(await ledger.read_clock(owner), revisions)
        for name, account in accounts.items():
            parts = [LotMove(day, lot.points) for day, lot in account.lots.items() if lot.points]
            if parts:
                telling = Telling(Cause("gift"), bytes(32), moment.today.now, 1)
                books[MemberId(name)].credit(telling, "earned", parts, {}, moment.today)
        await ledger.post(owner, books.values())


def _spelt(reward: Reward) -> Mapping[str, Any]:
    window = {"from": reward.on_sale_from, "until": reward.on_sale_until}
    return {
        "id": reward.id,
        "kind": "goods",
        "title": reward.id,
        "points": reward.points,
        "stock": reward.stock,
        "daily_limit": reward.daily_limit,
        "monthly_limit": reward.monthly_limit,
        "on_sale": {name: at and at.isoformat() for name, at in window.items()},
        "tiers": list(reward.tiers),
    }


def of_today(today: date, points: int) -> Account:
    """An account with points that end today, soon, and never."""
    account = Account()
    parts = [(today + timedelta(days=days), points) for days in (0, 3)]
    account.credit([*parts, (date.max, points)], cause="gift", today=today)
    return account
