"""The shared servers of the suite on each kind of backend."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from jifen.stack.kafka import wait_for_broker
from jifen.stack.ports import HOST
from tests.support.backend import Backend
from tests.support.brokers import KafkaHandle
from tests.support.databases import PostgresHandle
from tests.support.stack import EmbeddedKafka, EmbeddedPostgres, Home, free_port


@contextmanager
def postgres_of(backend: Backend, home: Callable[[], Home]) -> Iterator[PostgresHandle]:
    """Yield the suite's PostgreSQL on a backend."""
    match backend.backend:
        case "embedded":
            place = home()
            server = EmbeddedPostgres(place.folder / "shared", place.run_as)
            server.start()
            try:
                yield PostgresHandle(owner_url=server.config.url("postgres"))
            finally:
                server.stop()
        case "testcontainers":
            with _postgres_container() as url:
                yield PostgresHandle(owner_url=url)
        case "external":
            assert backend.database_url, "JIFEN_TEST_DATABASE_URL is missing"
            yield PostgresHandle(owner_url=backend.database_url)


@asynccontextmanager
async def kafka_of(backend: Backend, home: Callable[[], Home]) -> AsyncIterator[KafkaHandle]:
    """Yield the suite's Kafka on a backend."""
    match backend.backend:
        case "embedded":
            broker = EmbeddedKafka(home().folder / "kafka")
            await broker.start()
            try:
                yield KafkaHandle(bootstrap=broker.config.bootstrap)
            finally:
                broker.stop()
        case "testcontainers":
            with _kafka_container() as bootstrap:
                await wait_for_broker(bootstrap, patience_seconds=60)
                yield KafkaHandle(bootstrap=bootstrap)
        case "external":
            assert backend.kafka_bootstrap, "JIFEN_TEST_KAFKA_BOOTSTRAP is missing"
            yield KafkaHandle(bootstrap=backend.kafka_bootstrap)


@contextmanager
def _postgres_container() -> Iterator[str]:
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: PLC0415  # Docker

    from jifen.testing import boxes  # noqa: PLC0415
    from tests.support.images import engine, names  # noqa: PLC0415

    engine.remove_ourselves()
    port, password = free_port(), secrets.token_hex(16)
    box = boxes.database(names.postgres().tag, port, password)
    # A first time while it makes its files, and then for everybody.
    with box.waiting_for(LogMessageWaitStrategy("ready to accept connections", times=2)):
        yield boxes.database_url(boxes.OWNER, password, HOST, port)


@contextmanager
def _kafka_container() -> Iterator[str]:
    from jifen.testing import boxes  # noqa: PLC0415  # Docker only
    from tests.support.images import engine, names  # noqa: PLC0415

    engine.remove_ourselves()
    port = free_port()
    with boxes.broker(names.kafka().tag, port):
        yield f"{HOST}:{port}"
