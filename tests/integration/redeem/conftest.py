"""Redeem as a process, where a test asks for one."""

import pytest

from tests.integration.consuming.crew import Place
from tests.integration.redeem.doors import place_of
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.stack import Home


@pytest.fixture
def place(database: Database, kafka: KafkaHandle, home: Home) -> Place:
    """Where the service runs."""
    return place_of(database, kafka.bootstrap, home.folder)
