"""Servers of a test's own, to be killed and set back; nobody else is on them."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A PostgreSQL of the chaos tests' own, which they kill and set back one after the other."""

    server: EmbeddedPostgres
    handle: PostgresHandle

    @asynccontextmanager
    async def books(self, kafka: KafkaHandle) -> AsyncIterator[Books]:
        """Open books in a database of the server."""
        async with self.handle.database() as database:
            yield await open_books(database, kafka)
        assert self.handle.deadlocks == 0


@contextmanager
def own_postgres(home: Home, name: str = "victim") -> Iterator[Victim]:
    """Run a PostgreSQL in a folder of its own."""
    server = EmbeddedPostgres(home.folder / name, home.run_as)
    server.start()
    try:
        yield Victim(server=server, handle=PostgresHandle(owner_url=server.config.url("postgres")))
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


def copy_data(source: Path, target: Path) -> None:
    """Copy a stopped server's data with its owner and rights."""
    if target.exists():
        shutil.rmtree(target)
    subprocess.run(["/bin/cp", "-a", str(source), str(target)], check=True)
