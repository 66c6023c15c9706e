"""A place for the relay to work in."""

import pytest

from tests.integration.relay.outbox import Place
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database


@pytest.fixture
async def place(database: Database, kafka: KafkaHandle) -> Place:
    """One test's database and topic."""
    return Place(
        owner_url=database.dsn(),
        relay_url=database.dsn("jifen_relay"),
        bootstrap=kafka.bootstrap,
        topic=await kafka.topic("points", partitions=4),
    )
