"""One stack, put together: its folders, its servers, its services, and how each is started."""

import hashlib
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jifen.stack.kafka import Kafka
from jifen.stack.ports import HOST
from jifen.stack.postgres import Postgres
from jifen.stack.roles import as_role
from jifen.stack.settings import PROJECT, StackSettings
from jifen.stack.state import State
from jifen.stack.supervisor import LOGS

DATABASE: Final = "jifen"
PORTS: Final[Mapping[str, int]] = {
    "postgres": 15432,
    "kafka": 19092,
    "kafka-controller": 19093,
    "mall": 18080,
    "earn": 18081,
    "relay": 18082,
    "redeem": 18083,
    "expiry": 18084,
    "notify": 18085,
    "audit": 18086,
}
_FURTHER_PORTS = 18100  # for second processes of a service
_LONGEST_SOCKET = 90  # the system's limit is about 100 bytes, and supervisor adds a suffix


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One service process."""

    name: str  # of the process: a second one of earn is `earn-2`
    service: str
    port: int
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://{HOST}:{self.port}"

    def command(self, home: Path) -> list[str]:
        """Return the command that runs it; the unused option tells whose stack it is."""
        return [sys.executable, *mark(home), "-m", f"services.{self.service}"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Everything that runs in one stack; a server is None where somebody else keeps it."""

    home: Path
    state: State
    postgres: Postgres | None
    kafka: Kafka | None
    database_url: str
    bootstrap: str
    services: tuple[Service, ...]

    @property
    def logs(self) -> Path:
        """Return the folder of the logs."""
        return self.home / LOGS


def mark(home: Path) -> tuple[str, str]:
    """Return interpreter options that do nothing but say which stack a process belongs to."""
    return ("-X", f"jifen={home}")


def process_names(settings: StackSettings) -> list[tuple[str, str]]:
    """Return (process, service) for every process the settings ask for."""
    names = []
    for service in settings.services:
        count = settings.earn_processes if service == "earn" else 1
        names += [(service if n == 1 else f"{service}-{n}", service) for n in range(1, count + 1)]
    return names


def default_port(process: str) -> int:
    """Return the port a process would like."""
    return PORTS.get(process, _FURTHER_PORTS)


def services_of(
    names: list[tuple[str, str]],
    state: State,
    database_url: str,
    bootstrap: str,
    *,
    auth: Mapping[str, str],
    webhook_secret: str,
) -> tuple[Service, ...]:
    """Return the service processes, each with its own role and port; all believe the same keys."""
    code = _fingerprint()
    return tuple(
        Service(
            name=name,
            service=service,
            port=state.ports[name],
            environment={
                "JIFEN_DATABASE_URL": as_role(
                    database_url,
                    f"jifen_{service}",
                    state.role_passwords[f"jifen_{service}"],
                ),
                "JIFEN_KAFKA_BOOTSTRAP": bootstrap,
                "JIFEN_HTTP_HOST": HOST,
                "JIFEN_HTTP_PORT": str(state.ports[name]),
                # Nobody spreads requests over these processes.
                "JIFEN_DRAIN_SECONDS": "0",
                **auth,
                **({"JIFEN_WEBHOOK_SECRET": webhook_secret} if service == "notify" else {}),
                # Changed code changes the description, so the next `up` restarts the process.
                "JIFEN_CODE": code,
            },
        )
        for name, service in names
    )


def control_socket(home: Path) -> Path:
    """Return where supervisor listens: the state folder, or a short folder where that is deep."""
    wanted = home / "supervisor.sock"
    if len(str(wanted).encode()) <= _LONGEST_SOCKET:
        return wanted
    return Path(tempfile.mkdtemp(prefix="jifen-")) / "supervisor.sock"


def _fingerprint() -> str:
    """Return a digest of the services' source, by name, size and time of change."""
    digest = hashlib.sha256()
    for top in ("services", "shared"):
        for path in sorted((PROJECT / top).rglob("*")):
            if path.suffix in {".py", ".sql", ".yaml"}:
                facts = path.stat()
                digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
