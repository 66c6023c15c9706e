"""A place to tell orders to: empty topics, a database with the default program, a folder."""

from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from jifen.demo.meter import Meter
from jifen.demo.telling import Place
from services.earn.handlers import TOPICS
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.earning import earning, give_program


@pytest.fixture
async def place(database: Database, kafka: KafkaHandle, tmp_path: Path) -> AsyncIterator[Place]:
    """Where earn runs."""
    await kafka.fresh_topics(*TOPICS)
    await give_program(database)
    async with earning(database, kafka):
        yield Place(
            kafka_bootstrap=kafka.bootstrap, database_url=database.dsn(), home=tmp_path / "home"
        )


@pytest.fixture
def console() -> Console:
    """A console that keeps what is said."""
    return Console(record=True, width=120, file=StringIO())


@pytest.fixture
def meter(console: Console) -> Meter:
    return Meter(console)
