"""The shared servers of the suite on each kind of backend."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from jifen.stack.kafka import wait_for_broker
from tests.support.backend import KAFKA_IMAGE, POSTGRES_IMAGE, Backend
from tests.support.brokers import KafkaHandle
from tests.support.databases import PostgresHandle
from tests.support.stack import EmbeddedKafka, EmbeddedPostgres, Home


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
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415  # Docker only

    with PostgresContainer(POSTGRES_IMAGE, driver=None) as container:
        yield f"{container.get_connection_url()}?sslmode=disable"


@contextmanager
def _kafka_container() -> Iterator[str]:
    """Run the plain image with a fixed port: its advertised address must be known beforehand."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # Docker only

    from tests.support.stack import free_port  # noqa: PLC0415

    port = free_port()
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_MESSAGE_MAX_BYTES": "4194304",
    }
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for name, value in settings.items():
        container.with_env(name, value)
    with container:
        yield f"127.0.0.1:{port}"
