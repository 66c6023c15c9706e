"""Servers of a test's own, to be killed and set back; nobody else is on them."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from tests.integration.consuming.shop import Books, open_books
from tests.support.brokers import KafkaHandle
from tests.support.databases import PostgresHandle
from tests.support.stack import EmbeddedKafka, EmbeddedPostgres, Home


def kill_all(server: EmbeddedPostgres) -> None:
    """Kill the server and each process it has started, and wait until they are gone."""
    family = [*psutil.Process(server.server.pid).children(recursive=True)]
    server.kill()
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=30)


@contextmanager
def own_postgres(home: Home, name: str) -> Iterator[EmbeddedPostgres]:
    """Run a PostgreSQL in a folder of its own."""
    server = EmbeddedPostgres(home.folder / name, home.run_as)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@asynccontextmanager
async def own_kafka(home: Home, name: str) -> AsyncIterator[EmbeddedKafka]:
    """Run a Kafka in a folder of its own."""
    server = EmbeddedKafka(home.folder / name)
    await server.start()
    try:
        yield server
    finally:
        server.stop()


@asynccontextmanager
async def books_on(postgres: EmbeddedPostgres, kafka: KafkaHandle) -> AsyncIterator[Books]:
    """Open books in a database of the server; it goes with the server's folder."""
    handle = PostgresHandle(owner_url=postgres.config.url("postgres"))
    async with handle.database() as database:
        yield await open_books(database, kafka)
    assert handle.deadlocks == 0


def copy_data(source: Path, target: Path) -> None:
    """Copy a stopped server's data with its owner and rights."""
    if target.exists():
        shutil.rmtree(target)
    subprocess.run(["/bin/cp", "-a", str(source), str(target)], check=True)
