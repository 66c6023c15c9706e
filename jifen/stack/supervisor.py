"""supervisor, which keeps the stack alive: its configuration, its start, and talking to it."""

import http.client
import shlex
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import psutil
from pydantic import BaseModel, TypeAdapter
from typing_extensions import override

from jifen.stack import processes
from jifen.stack.errors import StackError

CONFIG = "supervisord.conf"
_TIMEOUT_SECONDS = 30
_SHUT_DOWN_SECONDS = 180  # the sum of what its programs are given

# Paths of logs are relative to the stack's folder, where it is started and stays: it expands
# those of programs twice, so that no escaping makes an absolute one with a % safe.
LOGS = "logs"
_HEAD = """\
[unix_http_server]
file = {socket}
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisord]
logfile = {logs}/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 1
pidfile = supervisord.pid
childlogdir = {logs}
directory = {home}
identifier = jifen
"""

# It gives up after startretries; services wait for their servers, so giving up is never right.
_PROGRAM = """
[program:{name}]
command = {command}
directory = {folder}
environment = {environment}
priority = {priority}
autostart = {autostart}
autorestart = true
startsecs = 1
startretries = 1000000
stopsignal = {stop_signal}
stopwaitsecs = {stop_seconds}
redirect_stderr = true
stdout_logfile = {logs}/{name}.log
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 3
"""


# A process inherits what `up` was started with; these only who is told them has.
_HIDDEN: Final[Mapping[str, str]] = {"JIFEN_WEBHOOK_SECRET": ""}


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """One process as supervisor should keep it; a lower priority starts first and ends last."""

    name: str
    command: list[str]
    folder: Path
    priority: int
    stop_seconds: int
    environment: Mapping[str, str]
    stop_signal: str = "TERM"
    autostart: bool = True
    user: str | None = None


class ProcessInfo(NamedTuple):
    """What supervisor knows of a process."""

    state: str
    pid: int | None


def config_text(home: Path, control: Path, programs: list[Program]) -> str:
    """Return the configuration file."""
    parts = [_HEAD.format(socket=_text(control), logs=LOGS, home=_text(home))]
    for program in programs:
        parts.append(
            _PROGRAM.format(
                name=program.name,
                command=_text(shlex.join(program.command)),
                folder=_text(program.folder),
                environment=_environment(program.environment),
                priority=program.priority,
                autostart=str(program.autostart).lower(),
                stop_signal=program.stop_signal,
                stop_seconds=program.stop_seconds,
                logs=LOGS,
            )
        )
        if program.user is not None:
            parts.append(f"user = {program.user}\n")
    return "".join(parts)


def _environment(told: Mapping[str, str]) -> str:
    for name, value in told.items():
        # There is no way of writing these.
        if any(character in value for character in '"\r\n'):
            raise StackError(f"{name} holds a quote or a line's end, which the stack can't pass on")
    return ",".join(f'{name}="{_text(value)}"' for name, value in {**_HIDDEN, **told}.items())


def _text(value: object) -> str:
    """Escape what supervisor would expand."""
    return str(value).replace("%", "%%")


def command(home: Path) -> list[str]:
    """Return the command that starts supervisor in the background."""
    return [sys.executable, "-m", "supervisor.supervisord", "-c", str(home / CONFIG)]


def write_config(home: Path, text: str) -> bool:
    """Write the configuration, which holds passwords; return whether it is another than before."""
    file = home / CONFIG
    if file.exists() and file.read_text() == text:
        return False
    fresh = home / f"{CONFIG}.new"
    fresh.touch(mode=0o600)
    fresh.chmod(0o600)
    fresh.write_text(text)
    fresh.rename(file)
    return True


def start(home: Path, control: Path) -> None:
    """Start supervisor; it goes to the background by itself."""
    control.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    control.unlink(missing_ok=True)
    done = subprocess.run(
        command(home),
        check=False,
        capture_output=True,
        text=True,
        cwd=home,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise StackError(f"supervisor did not start: {done.stdout}{done.stderr}")


class _Row(BaseModel):
    """What supervisor says about a process, as far as we ask."""

    name: str
    statename: str
    pid: int


_ROWS = TypeAdapter(list[_Row])
_CHANGES = TypeAdapter(tuple[tuple[list[str], list[str], list[str]]])


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_SECONDS)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    @override
    def make_connection(self, host: tuple[str, dict[str, str]] | str) -> http.client.HTTPConnection:
        # Kept where the transport looks when it is closed.
        connection = _Connection(self._path)
        self._connection = (host, connection)
        return connection


class Supervisor:
    """A running supervisor, spoken to over its socket."""

    _RUNNING: Final = frozenset({"RUNNING", "STARTING"})

    def __init__(self, control: Path) -> None:
        self._control = control

    def is_up(self) -> bool:
        """Tell whether it answers and is not about to end."""
        try:
            state = self._ask("getState")
        except (OSError, xmlrpc.client.Error, http.client.HTTPException):
            return False
        return isinstance(state, dict) and state.get("statename") == "RUNNING"

    def processes(self) -> dict[str, ProcessInfo]:
        """Return every process by name."""
        found = _ROWS.validate_python(self._ask("getAllProcessInfo"))
        return {row.name: ProcessInfo(state=row.statename, pid=row.pid or None) for row in found}

    def ensure_running(self, names: list[str]) -> None:
        """Start those of the processes that are not running."""
        states = self.processes()
        for name in names:
            if states[name].state not in self._RUNNING:
                self._ask("startProcess", name, False)  # noqa: FBT003  # XML-RPC has no names

    def update(self) -> None:
        """Take over a changed configuration: what changed is stopped and made anew."""
        ((added, changed, removed),) = _CHANGES.validate_python(self._ask("reloadConfig"))
        for name in (*removed, *changed):
            self._ask("stopProcessGroup", name)
            self._ask("removeProcessGroup", name)
        for name in (*changed, *added):
            self._ask("addProcessGroup", name)

    def shut_down(self, home: Path) -> None:
        """Have it stop everything in order and end, and wait until it did."""
        keepers = processes.with_words("-c", str(home / CONFIG))
        self._ask("shutdown")
        psutil.wait_procs(keepers, timeout=_SHUT_DOWN_SECONDS)

    def _ask(self, method: str, *arguments: str | bool) -> object:
        with xmlrpc.client.ServerProxy("http://jifen", transport=_Transport(self._control)) as rpc:
            answer: object = getattr(rpc.supervisor, method)(*arguments)
            return answer
