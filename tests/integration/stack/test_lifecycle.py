"""A stack of servers alone: up, killed, up again, twice at once, down; nothing lost, nothing left.

Each start takes seconds, so one stack goes through its life in few tests.
"""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from jifen.stack import processes
from jifen.stack.layout import PORTS
from jifen.stack.ports import HOST, is_free
from shared.contract.topics import TOPICS
from tests.integration.stack.command import Command
from tests.support.stack import Home

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

_TOPIC = TOPICS[0].name


@pytest.fixture
def jifen(home: Home, request: pytest.FixtureRequest) -> Iterator[Command]:
    command = Command(home=home.folder / request.node.name)
    yield command
    command.run("down", "--delete-data")


@pytest.fixture
def squatter() -> Iterator[None]:
    """Somebody who holds the database's usual port, if it is free."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_free(PORTS["postgres"]):
            holder.bind((HOST, PORTS["postgres"]))
            holder.listen()
        yield


async def _tell(found: dict[str, Any]) -> None:
    """Leave a row and a record."""
    connection = await asyncpg.connect(found["database"]["url"])
    try:
        await connection.execute("CREATE TABLE told AS SELECT 'all of it' AS what")
    finally:
        await connection.close()
    async with AIOKafkaProducer(bootstrap_servers=found["kafka"]["bootstrap"]) as producer:
        await producer.send_and_wait(_TOPIC, b"all of it", partition=0)


async def _recall(found: dict[str, Any]) -> tuple[str, bytes]:
    connection = await asyncpg.connect(found["database"]["url"])
    try:
        row: str = await connection.fetchval("SELECT what FROM told")
    finally:
        await connection.close()
    async with AIOKafkaConsumer(bootstrap_servers=found["kafka"]["bootstrap"]) as consumer:
        partition = TopicPartition(_TOPIC, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        record = await consumer.getone()
    assert record.value is not None
    return row, record.value


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.mark.usefixtures("squatter")
async def test_a_killed_stack_starts_again_with_all_its_data(jifen: Command) -> None:
    jifen.up()
    code, found = jifen.status()
    assert code == 0
    assert not found["database"]["url"].endswith(f":{PORTS['postgres']}/jifen?sslmode=disable")
    await _tell(found)

    processes.end(processes.naming(jifen.home), by=signal.SIGKILL)
    code, after = jifen.status()
    assert (code, after) == (1, found)
    assert "jifen up" in jifen.run("status").stderr

    jifen.up()
    assert jifen.status() == (0, found)
    assert await _recall(found) == ("all of it", b"all of it")

    done = jifen.run("down", "--delete-data")
    assert done.returncode == 0, done.stderr
    assert processes.naming(jifen.home) == []
    assert _files(jifen.home) == []


async def test_two_at_once_start_one_stack(jifen: Command) -> None:
    both = [jifen.start("up"), jifen.start("up")]
    said = [process.communicate(timeout=200)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("waiting for it" in one for one in said) == 1
    assert len(processes.with_words("-c", str(jifen.home / "supervisord.conf"))) == 1
    assert jifen.status()[0] == 0
    _let_the_supervisor_die(jifen)


def _let_the_supervisor_die(jifen: Command) -> None:
    """Orphans hold ports and data: the next start must end them and take their place."""
    keeper = processes.with_words("-c", str(jifen.home / "supervisord.conf"))
    processes.end(keeper, by=signal.SIGKILL)
    assert processes.naming(jifen.home)
    before = (jifen.home / "state.json").read_text()
    jifen.up()
    assert (jifen.home / "state.json").read_text() == before
