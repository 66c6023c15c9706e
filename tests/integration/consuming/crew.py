"""Services in processes of their own, which tests stop, wake, kill and read the logs of."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

from shared.platform.clock import monotonic
from tests.support.tokens import SECRET

_ROOT = Path(__file__).parents[3]

_Kind = TypeVar("_Kind", bound="Service")


@dataclass(slots=True, kw_only=True)
class Service:
    """One process of a service and what it has logged."""

    name: str
    process: asyncio.subprocess.Process
    lines: list[Mapping[str, object]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers, once it has started."""
        return next(str(line["url"]) for line in self.lines if line.get("event") == "started")

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    def count(self, event: str) -> int:
        """Count how often it has logged an event."""
        return sum(line.get("event") == event for line in self.lines)

    async def until_logged(
        self, event: str, *, times: int = 1, patience_seconds: float = 60
    ) -> None:
        deadline = monotonic() + patience_seconds
        while self.count(event) < times:
            assert monotonic() < deadline, f"{self.name} never said {event!r}; {self.lines[-20:]}"
            assert self.running, f"{self.name} ended; {self.lines[-20:]}"
            await asyncio.sleep(0.02)

    async def until_ready(self, *, patience_seconds: float = 60) -> None:
        """Wait until it says it is ready, assignment and all."""
        await self.until_logged("started", patience_seconds=patience_seconds)
        deadline = monotonic() + patience_seconds
        async with httpx.AsyncClient() as client:
            while (answer := await client.get(f"{self.url}/readyz", timeout=30)).status_code != 200:
                assert monotonic() < deadline, f"{self.name} is not ready: {answer.text}"
                await asyncio.sleep(0.1)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def kill(self) -> None:
        """End it as a crash would."""
        self.send(signal.SIGKILL)
        await self.process.wait()

    async def drain(self, *, patience_seconds: float = 60) -> None:
        """Ask it to stop, as an operator would; it must end well and in time.

        Not before it listens for signals: what has not begun to run just ends.
        """
        await self.until_logged("started")
        self.send(signal.SIGTERM)
        code = await asyncio.wait_for(self.process.wait(), patience_seconds)
        assert code == 0, f"{self.name} ended with {code}; {self.lines[-20:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where services run: URLs of their roles, the broker, and the run's folder."""

    urls: Mapping[str, str]
    bootstrap: str
    folder: Path

    @asynccontextmanager
    async def service(self, name: str, **environment: str) -> AsyncIterator[Service]:
        """Run a service; it is killed at the end if it is still there.

        The folder among its arguments makes it one of the processes that go with the run.
        """
        settings = {
            "JIFEN_DATABASE_URL": self.urls[name],
            "JIFEN_KAFKA_BOOTSTRAP": self.bootstrap,
            "JIFEN_KAFKA_SESSION_TIMEOUT_MS": "6000",
            "JIFEN_AUTH_SECRET": SECRET,
            **environment,
        }
        async with started(Service, name, settings, str(self.folder)) as service:
            yield service


@asynccontextmanager
async def started(
    kind: type[_Kind], name: str, environment: Mapping[str, str], *arguments: str
) -> AsyncIterator[_Kind]:
    """Start a service with an environment of its own, read its log, and kill it at the end.

    Nobody spreads requests over processes, unless a test says so: they stop without draining.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"services.{name}", *arguments),
        cwd=_ROOT,
        env={"JIFEN_DRAIN_SECONDS": "0", **environment},
        stderr=asyncio.subprocess.PIPE,
        limit=2**22,
    )
    service = kind(name=name, process=process)
    reading = asyncio.create_task(_read_log(service))
    try:
        yield service
    finally:
        if service.running:
            process.kill()
        await process.wait()
        await reading


async def _read_log(service: Service) -> None:
    assert service.process.stderr is not None
    async for line in service.process.stderr:
        try:
            service.lines.append(json.loads(line))
        except ValueError:
            service.lines.append({"event": line.decode()})
