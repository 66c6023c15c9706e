"""Real servers for the suite: its own PostgreSQL and Kafka, beside any stack that runs."""

import asyncio
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from jifen.stack.jars import fetch
from jifen.stack.java import find_java
from jifen.stack.kafka import Kafka, wait_for_broker
from jifen.stack.places import cache_folder, enterable
from jifen.stack.ports import first_free
from jifen.stack.postgres import STOP_SIGNAL, Postgres
from jifen.stack.users import RunAs, as_user, server_user
from shared.platform.clock import monotonic
from tests.support.workers import Worker

_START_SECONDS = 60
_STOP_SECONDS = 30
# Below the range the system hands out for outgoing connections, which could steal a port.
_LOWEST_PORT, _PORTS = 20_000, 8_000
# Workers look in different places: two that found the same free port would both take it.
_PLACES = 8
_given: set[int] = set()


class Home:
    """The run's own folder, with a keeper that outlives the run and removes it."""

    def __init__(self) -> None:
        self.run_as = server_user("nobody")
        wanted = Path(tempfile.mkdtemp(prefix="jifen-test-"))
        self.folder = enterable(wanted, self.run_as)
        if self.folder != wanted:
            wanted.rmdir()
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.keeper", str(self.folder)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def leave(self) -> None:
        """Have the keeper remove everything, and wait until it did."""
        self._keeper.communicate()


class Server:
    """One server process of the suite: started, stopped, killed and started again by tests."""

    def __init__(self, command: list[str], log: Path, run_as: RunAs | None) -> None:
        self._command = command
        self._log = log
        self._run_as = run_as
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not started"
        return self._process.pid

    def start(self) -> None:
        """Start the process; it is not ready yet."""
        assert self._process is None, "the server is started already"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C goes to pytest alone, which then stops the servers in order.
                start_new_session=True,
                **as_user(self._run_as),
            )

    def send(self, what: signal.Signals) -> None:
        """Send a signal: SIGSTOP and SIGCONT pause and wake the process."""
        assert self._process is not None, "the server is not started"
        self._process.send_signal(what)

    def end(self, what: signal.Signals) -> None:
        """End the process with a signal and wait; does nothing when it is not running."""
        if self._process is None:
            return
        self._process.send_signal(what)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def died(self) -> str | None:
        """Return the end of the log when the process ended by itself."""
        if self._process is None or self._process.poll() is None:
            return None
        return self._log.read_text(errors="replace")[-4000:]


class EmbeddedPostgres:
    """A PostgreSQL of the suite's own; tests that kill one make one for themselves."""

    def __init__(self, home: Path, run_as: RunAs | None) -> None:
        home = enterable(home, run_as)
        self.config = Postgres(
            home=home,
            port=free_port(),
            run_as=run_as,
            password=secrets.token_hex(16),
        )
        self.config.prepare()
        self.server = Server(self.config.command(), home / "postgres.log", run_as)

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        self.server.start()
        _wait(self.config.is_ready, self.server)

    def stop(self) -> None:
        """Stop the server as an operator would."""
        self.server.end(STOP_SIGNAL)

    def kill(self) -> None:
        """Kill the server as a crash of the machine would: nothing is written any more."""
        self.server.end(signal.SIGKILL)


class EmbeddedKafka:
    """A Kafka of the suite's own; tests that kill one make one for themselves."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.config = Kafka(
            home=home,
            port=port,
            controller_port=first_free(port + 1),
            java=find_java(None),
            class_path=fetch(cache_folder()),
        )
        self.config.prepare()
        self.server = Server(self.config.command(), home / "kafka.log", run_as=None)

    async def start(self) -> None:
        """Start the broker and wait until it answers."""
        self.server.start()
        await self.wait()

    async def wait(self) -> None:
        """Wait until the broker answers."""
        waiting = asyncio.ensure_future(
            wait_for_broker(self.config.bootstrap, patience_seconds=_START_SECONDS)
        )
        while not waiting.done():
            if log := self.server.died():
                waiting.cancel()
                raise AssertionError(f"Kafka ended while it started:\n{log}")
            await asyncio.wait([waiting], timeout=0.5)
        await waiting

    def stop(self) -> None:
        """Stop the broker as an operator would."""
        self.server.end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the broker: it writes nothing any more."""
        self.server.end(signal.SIGKILL)


@asynccontextmanager
async def stoppable_kafka(home: Path) -> AsyncIterator[EmbeddedKafka]:
    """Run a broker of a test's own, which may leave it stopped by a signal."""
    broker = EmbeddedKafka(home)
    await broker.start()
    try:
        yield broker
    finally:
        broker.server.send(signal.SIGCONT)
        broker.stop()


def free_port() -> int:
    """Return a port nobody has or was given, out of the way of outgoing connections."""
    size = _PORTS // _PLACES
    place = Worker().number % _PLACES
    port = first_free(_LOWEST_PORT + place * size + secrets.randbelow(size), _given)
    _given.add(port)
    return port


def _wait(is_ready: Callable[[], bool], server: Server) -> None:
    deadline = monotonic() + _START_SECONDS
    while not is_ready():
        if log := server.died():
            raise AssertionError(f"the server ended while it started:\n{log}")
        assert monotonic() < deadline, "the server did not get ready in time"
