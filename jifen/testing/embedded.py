"""The system without Docker: `jifen up` in a folder of its own, on ports nobody else has."""

import asyncio
import secrets
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console

from jifen.stack import health, lifecycle, state, tokens
from jifen.stack.layout import PORTS
from jifen.stack.logs import last_lines
from jifen.stack.ports import first_free
from jifen.stack.progress import Progress
from jifen.stack.roles import SERVICE_ROLES
from jifen.stack.settings import PROJECT, StackSettings
from jifen.stack.state import State
from jifen.stack.supervisor import LOGS
from jifen.testing.backend import Running
from shared.platform.auth.principal import Principal

# Below the range the system hands out for outgoing connections, which could steal a port.
_LOWEST_PORT: Final = 28_000
_PORTS: Final = 4_000


class Embedded:
    """PostgreSQL, Kafka and the services as processes of this machine.

    Wants a checkout with its environment (`make run` makes one); fetches what `make run` fetches.
    It ends with the process that started it, even where that is killed.
    """

    def __init__(self) -> None:
        self._home: Path | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    async def start(self) -> Running:
        """Bring the stack up; raises StackError."""
        self._home = home = Path(tempfile.mkdtemp(prefix="jifen-testing-"))
        self._keeper = _keeper(home)
        # Whoever asks for a stack of their own wants none of the servers that the environment has.
        settings = StackSettings(home=home, kafka_bootstrap=None, database_url=None)
        state.save(home, _fresh_state())
        silent = Progress(Console(file=StringIO()))
        await asyncio.to_thread(lifecycle.up, settings, silent, lambda: None)
        found = await health.status(home)
        return Running(
            bootstrap=found.bootstrap or "",
            database_url=found.database_url or "",
            urls={name: service.url for name, service in found.services.items()},
            sign=self._sign,
        )

    async def stop(self) -> None:
        """End it and delete its folder."""
        if self._keeper is not None:
            await asyncio.to_thread(self._keeper.communicate)
            self._keeper = None

    def processes(self) -> list[str]:
        """Name what has a log."""
        if self._home is None:
            return []
        return sorted(file.stem for file in (self._home / LOGS).glob("*.log"))

    def logs(self, process: str, lines: int) -> str:
        """Return the last lines of a log."""
        file = (self._home or Path()) / LOGS / f"{process}.log"
        return last_lines(file, lines)[0] if file.is_file() else ""

    def _sign(self, principal: Principal, ttl_seconds: int) -> str:
        assert self._home is not None, "it is running"  # noqa: S101
        return tokens.sign(self._home, principal, ttl_seconds=ttl_seconds)


def _fresh_state() -> State:
    """Choose ports at random, so that stacks that start at once don't want the same ones."""
    password = secrets.token_hex(16)
    ports: dict[str, int] = {}
    for name in PORTS:
        wanted = _LOWEST_PORT + secrets.randbelow(_PORTS)
        ports[name] = first_free(wanted, set(ports.values()))
    return State(
        owner_password=password,
        role_passwords=dict.fromkeys(SERVICE_ROLES, password),
        ports=ports,
    )


def _keeper(home: Path) -> "subprocess.Popen[bytes]":
    """Start what ends the stack when this process closes its input, or is gone."""
    return subprocess.Popen(  # noqa: S603  # our own words alone
        [sys.executable, "-m", "jifen.testing.keeper", str(home)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
