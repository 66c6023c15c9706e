"""The suite's own servers."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.support.brokers import KafkaHandle
from tests.support.databases import Database

pytestmark = pytest.mark.integration


async def test_a_database_has_every_migration_and_lets_the_services_in(database: Database) -> None:
    connection = await asyncpg.connect(database.dsn("jifen_earn"))
    try:
        assert await connection.fetchval("SELECT current_user") == "jifen_earn"
        assert await connection.fetchval("SELECT to_regclass('ledger.entry')") is not None
    finally:
        await connection.close()


async def test_what_is_acknowledged_is_on_the_disk(database: Database) -> None:
    connection = await asyncpg.connect(database.dsn())
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await connection.fetchval(f"SHOW {setting}") == "on"
    finally:
        await connection.close()


async def test_the_broker_hands_on_what_it_was_given(kafka: KafkaHandle) -> None:
    topic = await kafka.topic(partitions=2)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, enable_idempotence=True) as to:
        await to.send_and_wait(topic, b"said", key=b"m")
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
    assert (record.key, record.value) == (b"m", b"said")
