"""One deployment per test, on the servers that tests share."""

from collections.abc import Iterator

import pytest

from tests.chaos.servers import Victim, own_postgres
from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books, open_books, place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.stack import Home


@pytest.fixture
async def books(database: Database, kafka: KafkaHandle) -> Books:
    """A database with the default program, and empty topics."""
    return await open_books(database, kafka)


@pytest.fixture
def place(books: Books, home: Home) -> Place:
    """Where its services run."""
    return place_of(books, home.folder)


@pytest.fixture(scope="session")
def victim(home: Home) -> Iterator[Victim]:
    """A PostgreSQL that may be killed."""
    with own_postgres(home) as victim:
        yield victim
