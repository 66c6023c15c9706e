"""Each container of a system, not started: its image, its variables, its ports."""

from collections.abc import Mapping
from typing import Final

from testcontainers.core.container import DockerContainer

from jifen.stack.ports import HOST

OWNER: Final = "jifen_owner"
DATABASE: Final = "jifen"
SERVICE_PORT: Final = 8000
_POSTGRES_PORT: Final = 5432
_PASSWORDS: Final = "/passwords"


def broker(image: str, port: int) -> DockerContainer:
    """Make a broker: kafka:9092 to containers beside it, 127.0.0.1:port to this machine.

    A client is told where to go on by the broker itself, so its port here is fixed beforehand.
    """
    protocols = ("PLAINTEXT", "CONTROLLER", "HOST")
    box = DockerContainer(image, hostname="kafka").with_bind_ports(port, port)
    return box.with_envs(
        KAFKA_NODE_ID="1",
        KAFKA_PROCESS_ROLES="broker,controller",
        KAFKA_CONTROLLER_QUORUM_VOTERS="1@localhost:9093",
        KAFKA_CONTROLLER_LISTENER_NAMES="CONTROLLER",
        KAFKA_INTER_BROKER_LISTENER_NAME="PLAINTEXT",
        KAFKA_LISTENERS=f"PLAINTEXT://:9092,CONTROLLER://:9093,HOST://:{port}",
        KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://kafka:9092,HOST://{HOST}:{port}",
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=",".join(f"{name}:PLAINTEXT" for name in protocols),
        KAFKA_AUTO_CREATE_TOPICS_ENABLE="false",
        KAFKA_MESSAGE_MAX_BYTES="4194304",
        KAFKA_REPLICA_FETCH_MAX_BYTES="4194304",
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1",
        KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS="8",
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR="1",
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR="1",
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS="0",
        # After a kill the node must wait out its own old session before it serves again.
        KAFKA_BROKER_SESSION_TIMEOUT_MS="3000",
        KAFKA_BROKER_HEARTBEAT_INTERVAL_MS="500",
        # Quick to start, small: no broker of tests lives long enough for better machine code.
        KAFKA_HEAP_OPTS="-Xmx384m -XX:TieredStopAtLevel=1",
    )


def database(image: str, port: int, password: str) -> DockerContainer:
    """Make a PostgreSQL: postgres:5432 to containers beside it, 127.0.0.1:port to this machine."""
    box = DockerContainer(image).with_bind_ports(_POSTGRES_PORT, port)
    return box.with_envs(POSTGRES_USER=OWNER, POSTGRES_PASSWORD=password, POSTGRES_DB=DATABASE)


def database_url(user: str, password: str, host: str = "postgres", port: int = 5432) -> str:
    """Return the database's URL, for containers unless told otherwise."""
    return f"postgres://{user}:{password}@{host}:{port}/{DATABASE}?sslmode=disable"


def service(image: str, name: str, port: int, environment: Mapping[str, str]) -> DockerContainer:
    """Make a service, its root read-only as it should be."""
    box = DockerContainer(image, env=dict(environment), read_only=True)
    return box.with_command([name]).with_bind_ports(SERVICE_PORT, port)


def migrations(
    image: str, passwords: Mapping[str, str], environment: Mapping[str, str]
) -> DockerContainer:
    """Make the job that prepares the database, with a password of each role in a file."""
    box = job(image, ["migrate", "--passwords", _PASSWORDS], environment)
    for role, password in passwords.items():
        box.with_copy_into_container(password.encode(), f"{_PASSWORDS}/{role}")
    return box


def job(image: str, command: list[str], environment: Mapping[str, str]) -> DockerContainer:
    """Make one of the jobs that a deployment runs before its services."""
    box = DockerContainer(image, env=dict(environment), entrypoint=["jifen"])
    return box.with_command(command)
