"""A real Apache Kafka: one KRaft node on a Java runtime, told to be small and quick to start."""

import asyncio
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from jifen.stack.errors import StackError
from jifen.stack.ports import HOST
from shared.platform.clock import monotonic

_MAX_MESSAGE_BYTES = 4 * 1024 * 1024  # an oversize event must reach us: refusing it is our job

_JVM = (
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSSZ",
    # Every start says thousands of lines at "info"; what goes wrong is at "warn".
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)


def _settings(home: Path, port: int, controller_port: int) -> Mapping[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "log.dirs": home / "data",
        "auto.create.topics.enable": "false",
        "message.max.bytes": _MAX_MESSAGE_BYTES,
        "replica.fetch.max.bytes": _MAX_MESSAGE_BYTES,
        # One node: nothing to replicate to, nobody to wait for.
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 8,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        # After kill -9 the node must wait out its own old session before it serves again.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "num.network.threads": 2,
        "num.io.threads": 4,
        # Its own clean-up must not compete with what two cores are for.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        "log.cleaner.threads": 1,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Kafka:
    """One broker: where its data lives, its ports; it knows how it is started."""

    home: Path
    port: int
    controller_port: int
    java: Path
    class_path: str

    @property
    def bootstrap(self) -> str:
        """Return the address clients start from."""
        return f"{HOST}:{self.port}"

    @property
    def _properties(self) -> Path:
        return self.home / "server.properties"

    def prepare(self) -> None:
        """Write the settings, and format the storage where that has not been done."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = _settings(self.home, self.port, self.controller_port)
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        if not (self.home / "data" / "meta.properties").exists():
            self._format()

    def command(self) -> list[str]:
        """Return the command that runs the broker in the foreground."""
        return [*self._java(), "kafka.Kafka", str(self._properties)]

    def _java(self) -> list[str]:
        # The class path goes through a file: 45 jars make a command line nobody can read.
        arguments = self.home / "class-path"
        arguments.write_text(f'-cp "{self.class_path}"\n')
        return [str(self.java), *_JVM, f"@{arguments}"]

    def _format(self) -> None:
        # An id may begin with a dash; named with "=", it is no option of the tool.
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(
            [
                *self._java(),
                *("kafka.tools.StorageTool", "format", "--ignore-formatted"),
                *(f"--cluster-id={cluster}", "--config", str(self._properties)),
            ],
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise StackError(f"Kafka could not format its storage: {done.stdout}{done.stderr}")


async def wait_for_broker(bootstrap: str, *, patience_seconds: float) -> None:
    """Return once a broker answers; raise StackError when it has not within the patience."""
    deadline = monotonic() + patience_seconds
    while not await answers(bootstrap):
        if monotonic() > deadline:
            raise StackError(f"Kafka at {bootstrap} did not answer in {patience_seconds:.0f} s")
        await asyncio.sleep(0.1)


async def answers(bootstrap: str) -> bool:
    """Tell whether a broker answers."""
    host, port = bootstrap.split(",", 1)[0].rsplit(":", 1)
    try:
        # First the bare port: the client logs an error for each attempt that fails.
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await client.start()
    except (KafkaError, OSError):
        return False
    else:
        return True
    finally:
        await client.close()
