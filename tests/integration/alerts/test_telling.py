"""What breaks is told by its own alert and no other, and is silent again once it is mended."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from confluent_kafka import Producer

from services.expiry.store import request_run
from tests.integration.alerts.conftest import Watched
from tests.integration.alerts.prometheus import needs_prometheus
from tests.integration.cli.conftest import Jifen
from tests.integration.consuming.shop import send
from tests.integration.expiry.desk import expired, give_lots
from tests.integration.stack.command import Command
from tests.support.databases import Database, owner_of
from tests.support.tellings import paid

pytestmark = [needs_prometheus, pytest.mark.integration, pytest.mark.timeout(300)]

PAST, FUTURE = date(2025, 12, 31), date(2099, 12, 31)


async def test_a_relay_that_hangs(watched: Watched) -> None:
    relay = watched.services["relay"]
    async with watched.expecting("PointsServiceDown") as told:
        relay.send(signal.SIGSTOP)
        try:
            labels = await told()
        finally:
            relay.send(signal.SIGCONT)
    assert (labels["job"], labels["severity"]) == ("relay", "critical")


async def test_a_relay_that_runs_and_gets_nothing_done(watched: Watched) -> None:
    async with watched.expecting("PointsOutboxStalled") as told, unable_to_delete(watched.database):
        await asyncio.to_thread(send, watched.bootstrap, [paid("o1", "ann")])
        await told()


async def test_records_that_nobody_understands(watched: Watched, tmp_path: Path) -> None:
    jifen = Jifen(
        command=Command(home=tmp_path),
        database_url=watched.database.dsn(),
        bootstrap=watched.bootstrap,
    )
    async with watched.expecting("PointsDeadLettersPresent") as told:
        await asyncio.to_thread(poison, watched.bootstrap, "orders.v1", 3)
        labels = await told()
        ids = [str(one["id"]) for one in await jifen.prints_json("dead-letters", "list")]
        await jifen.prints("dead-letters", "dismiss", *ids, "--by", "ann")
    assert (labels["topic"], labels["consumer_group"]) == ("orders.v1", "points-earn")


async def test_a_sweep_that_is_held_up(watched: Watched) -> None:
    await give_lots(watched.database, {"idle": [(PAST, 5)]})
    async with watched.expecting("PointsExpiryOverdue") as told, held_up(watched.database, "idle"):
        async with owner_of(watched.database) as owner, owner.transaction():
            await request_run(owner, PAST, "ann")
        await told()
    assert await expired(watched.database) == [("idle", f"expiry/{PAST}/1", -5)]


async def test_a_balance_that_somebody_raises(watched: Watched) -> None:
    await give_lots(watched.database, {"bob": [(FUTURE, 5)]})
    async with watched.expecting("PointsLedgerImbalance") as told:
        await raise_balance(watched.database, "bob", 7)
        labels = await told()
        await raise_balance(watched.database, "bob", -7)
    assert labels["check"] == "member_balance"


async def test_an_entry_that_somebody_rewrites(watched: Watched) -> None:
    await give_lots(watched.database, {"eve": [(FUTURE, 5)]})
    async with watched.expecting("PointsLedgerChainBroken") as told:
        before = await rewrite(watched.database, "eve", '{"why":"friends"}')
        await told()
        await rewrite(watched.database, "eve", before)


@asynccontextmanager
async def unable_to_delete(database: Database) -> AsyncIterator[None]:
    """Take from the relay the right to take rows from the outbox."""
    async with owner_of(database) as owner:
        await owner.execute("REVOKE DELETE ON messaging.outbox FROM jifen_relay")
        try:
            yield
        finally:
            await owner.execute("GRANT DELETE ON messaging.outbox TO jifen_relay")


@asynccontextmanager
async def held_up(database: Database, member: str) -> AsyncIterator[None]:
    """Lock a member's account, as somebody does who forgot a transaction."""
    async with owner_of(database) as owner, owner.transaction():
        await owner.execute("SELECT 1 FROM ledger.account WHERE member_id = $1 FOR UPDATE", member)
        yield


def poison(bootstrap: str, topic: str, records: int) -> None:
    """Send what is no event at all."""
    producer = Producer({"bootstrap.servers": bootstrap})
    for _ in range(records):
        producer.produce(topic, b"\xffno event")
    assert producer.flush(60) == 0


async def raise_balance(database: Database, member: str, points: int) -> None:
    """Write past the ledger's functions, as only the database's owner can."""
    async with owner_of(database) as owner:
        await owner.execute(
            "UPDATE ledger.account SET balance = balance + $2, adjusted = adjusted + $2"
            " WHERE member_id = $1",
            member,
            points,
        )


async def rewrite(database: Database, member: str, reason: str) -> str:
    """Change what the first entry says of itself, triggers or not; return what it said."""
    async with owner_of(database) as owner, owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")
        before: str = await owner.fetchval(
            "SELECT reason FROM ledger.entry WHERE member_id = $1 AND seq = 1", member
        )
        await owner.execute(
            "UPDATE ledger.entry SET reason = $2 WHERE member_id = $1 AND seq = 1", member, reason
        )
    return before
