"""A shop that tells its stories through Kafka, and what the database must hold in the end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer

from services.earn.handlers import GROUP, TOPICS
from shared.contract.topics import PARTITIONS, dead_letter_topic
from shared.platform.clock import monotonic
from tests.integration.consuming.crew import Place
from tests.integration.earn.desk import expected, now, standings
from tests.integration.relay.outbox import first_tellings, records_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.earning import give_program
from tests.support.model import Rules, World, encode, topic_of

Told = Sequence[tuple[str, dict[str, Any]]]

ALL_TOPICS = (*TOPICS, "points.v1", *[dead_letter_topic(topic, GROUP) for topic in TOPICS])

_OFFSETS = """
SELECT topic, partition, next_offset FROM messaging.consumer_offset WHERE group_name = $1
"""
# What a lot lost before or after a refund, and a bonus undone or never given, are told apart
# by their causes alone; the order of topics decides which it is.
_CAUSES = """
SELECT member_id, cause FROM ledger.entry
WHERE cause NOT LIKE 'expiry/%' AND cause NOT LIKE '%/reversed'
"""
_WRONG_SUMS = """
SELECT a.member_id
FROM ledger.account AS a
LEFT JOIN LATERAL (
    SELECT coalesce(sum(e.points), 0) AS points, count(*) AS lines, coalesce(max(e.seq), 0) AS seq
    FROM ledger.entry AS e WHERE e.member_id = a.member_id
) AS e ON true
LEFT JOIN LATERAL (
    SELECT coalesce(sum(l.points), 0) AS points FROM ledger.lot AS l
    WHERE l.member_id = a.member_id
) AS l ON true
WHERE (a.balance, a.balance, a.seq, a.seq)
    IS DISTINCT FROM (e.points, l.points - greatest(0, -a.balance), e.lines, e.seq)
"""
_PUBLISHED = """
SELECT member_id, seq FROM ledger.entry WHERE points <> 0 ORDER BY member_id, seq
"""


def world_of(told: Told) -> World:
    """Tell the specification what the services are told."""
    world = World(Rules())
    for event_type, data in told:
        world.tell({"type": event_type, "data": data}, now())
    return world


def send(bootstrap: str, told: Told, *, first: int = 0, **settings: object) -> None:
    """Produce with librdkafka and its own partitioner, as a foreign order system would."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 5,
            "enable.idempotence": True,
            "queue.buffering.max.messages": 1_000_000,
            **settings,
        }
    )
    for number, (event_type, data) in enumerate(told, first):
        key, value, headers = encode(event_type, data, f"e{number}")
        producer.produce(topic_of(event_type), value, key, headers=dict(headers))
    assert producer.flush(120) == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The database of one deployment, looked at from outside, and its broker."""

    database: Database
    bootstrap: str

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(self.database.dsn(), timeout=30)
        try:
            yield connection
        finally:
            await connection.close()

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.connected() as connection:
            return await connection.fetch(statement, *arguments)

    async def offsets(self) -> Mapping[TopicPartition, int]:
        rows = await self.fetch(_OFFSETS, GROUP)
        return {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def until_read(
        self,
        records: int,
        *,
        more: bool = False,
        patience_seconds: float = 120,
        every_seconds: float = 0.005,
    ) -> None:
        """Wait until so many records of the shop's topics were read, and `more` than there were.

        Who measures asks less often: 200 questions a second take a twentieth of two cores.
        """
        deadline = monotonic() + patience_seconds
        async with self.connected() as connection:
            before = None
            while True:
                rows = await connection.fetch(_OFFSETS, GROUP)
                read = sum(r["next_offset"] for r in rows if r["topic"] != TOPICS[-1])
                before = read if before is None else before
                if read >= records and (read > before or not more):
                    return
                assert monotonic() < deadline, f"read {read} of {records} records"
                await asyncio.sleep(every_seconds)

    async def until_done(
        self, *, relayed: bool = True, patience_seconds: float = 180, slack: int = 0
    ) -> None:
        """Wait until all records are read, what follows from them too, and all is published.

        The outbox is looked at before and after, because reading fills it and it is read from.
        `slack` is how many records of a partition may stay unread: marks of transactions.
        """
        deadline = monotonic() + patience_seconds
        while True:
            missing = [f"{await self.waiting()} rows in the outbox"] if relayed else []
            missing = [one for one in missing if not one.startswith("0 ")]
            unread = await self._unread(slack)
            if not missing and not unread and not (relayed and await self.waiting()):
                return
            assert monotonic() < deadline, f"not done: {missing} {unread}"
            await asyncio.sleep(0.3)

    async def waiting(self) -> int:
        (row,) = await self.fetch("SELECT count(*) AS waiting FROM messaging.outbox")
        waiting: int = row["waiting"]
        return waiting

    async def ends(self) -> dict[TopicPartition, int]:
        """Ask the broker where the topics that earn reads end."""
        partitions = [TopicPartition(topic, n) for topic in TOPICS for n in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
        await consumer.start()
        try:
            ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        finally:
            await consumer.stop()
        return ends

    async def _unread(self, slack: int) -> Mapping[TopicPartition, tuple[int, int]]:
        ends, read = await self.ends(), await self.offsets()
        found = {at: (read.get(at, 0), end) for at, end in ends.items()}
        return {at: (got, end) for at, (got, end) in found.items() if not 0 <= end - got <= slack}

    async def check(
        self, world: World, *, published: bool = True, dead_letters: bool = True
    ) -> None:
        """Compare everything with the specification: sums, causes, dead letters, the topic."""
        stand, wanted = await standings(self.database), expected(world)
        wrong = {
            member: (stand.get(member), wanted.get(member))
            for member in stand.keys() | wanted.keys()
            if stand.get(member) != wanted.get(member)
        }
        assert not wrong, f"(found, expected) by member: {wrong}"
        causes = {(row["member_id"], row["cause"]) for row in await self.fetch(_CAUSES)}
        assert causes == {
            (member, entry.cause)
            for member, account in world.accounts().items()
            for entry in account.entries
            if not entry.cause.startswith("expiry/") and not entry.cause.endswith("/reversed")
        }
        await self.check_sums()
        if dead_letters:
            dead = await self.fetch("SELECT reason FROM messaging.dead_letter")
            assert Counter(row["reason"] for row in dead) == Counter(why for _, why in world.dead)
        if published:
            await self.check_published()

    async def check_sums(self) -> None:
        """Each balance is the sum of its entries, and of its lots less what is owed."""
        assert await self.fetch(_WRONG_SUMS) == []

    async def check_published(self) -> None:
        """Every entry that moved points is on points.v1, each member's in order."""
        rows = await self.fetch(_PUBLISHED)
        ledger: dict[str, list[int]] = {}
        for row in rows:
            ledger.setdefault(row["member_id"], []).append(row["seq"])
        assert first_tellings(await records_of(self.bootstrap, "points.v1")) == ledger


async def open_books(database: Database, kafka: KafkaHandle) -> Books:
    """Give a database the default program, and empty all topics."""
    await kafka.fresh_topics(*ALL_TOPICS, partitions=PARTITIONS)
    await give_program(database)
    return Books(database=database, bootstrap=kafka.bootstrap)


def place_of(books: Books, folder: Any) -> Place:
    """Say where services find this deployment."""
    return Place(
        urls={name: books.database.dsn(f"jifen_{name}") for name in ("earn", "relay")},
        bootstrap=books.bootstrap,
        folder=folder,
    )
