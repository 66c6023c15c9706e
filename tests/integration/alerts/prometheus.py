"""A Prometheus of the test's own, with the rules of production at a faster pace."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from deploy.prometheus import generate
from deploy.prometheus.rules import Pace
from shared.platform.clock import monotonic
from shared.platform.generated import keep
from tests.support.stack import Server, free_port

PACE: Final = Pace(1 / 30)
"""Two seconds are a minute. Services sample every five: faster, and each would look like a jump."""

_PROGRAM: Final = shutil.which("prometheus")
needs_prometheus: Final = pytest.mark.skipif(
    _PROGRAM is None, reason="prometheus is not installed (Debian: prometheus)"
)

PATIENCE_SECONDS: Final = 90
_FIRED: Final = 'count_over_time(ALERTS{{alertstate="firing"}}[{seconds}s])'

Labels: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A running one, asked over HTTP."""

    client: httpx.AsyncClient

    async def firing(self) -> Mapping[str, Labels]:
        """Return the alerts that fire now, with the labels of one of each name."""
        found = await self._get("/api/v1/alerts")
        return {
            alert["labels"]["alertname"]: alert["labels"]
            for alert in found["alerts"]
            if alert["state"] == "firing"
        }

    async def until_firing(self, name: str) -> Labels:
        """Wait until an alert fires."""
        deadline = monotonic() + PATIENCE_SECONDS
        while name not in (firing := await self.firing()):
            assert monotonic() < deadline, f"{name} does not fire; {firing} do"
            await asyncio.sleep(0.25)
        return firing[name]

    async def until_silent(self) -> None:
        """Wait until nothing fires."""
        deadline = monotonic() + PATIENCE_SECONDS
        while firing := await self.firing():
            assert monotonic() < deadline, f"still firing: {firing}"
            await asyncio.sleep(0.25)

    async def fired_within(self, seconds: float) -> set[str]:
        """Return the names of all alerts that fired at any time of the last seconds."""
        query = _FIRED.format(seconds=max(1, int(seconds)))
        found = await self._get("/api/v1/query", query=query)
        return {one["metric"]["alertname"] for one in found["result"]}

    async def until_up(self, jobs: int) -> None:
        """Wait until so many targets were reached."""
        deadline = monotonic() + PATIENCE_SECONDS
        while len((await self._get("/api/v1/query", query="up == 1"))["result"]) < jobs:
            assert monotonic() < deadline, "not all services are reached"
            await asyncio.sleep(0.25)

    async def _get(self, path: str, **parameters: str) -> Any:
        answer = await self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@asynccontextmanager
async def watching(folder: Path, targets: Mapping[str, str]) -> AsyncIterator[Prometheus]:
    """Run a Prometheus that scrapes each job at its URL."""
    assert _PROGRAM is not None, "the test asks for `needs_prometheus`"
    _prepare(folder, targets)
    address = f"127.0.0.1:{free_port()}"
    command = [
        _PROGRAM,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    server = Server(command, folder / "prometheus.log", run_as=None)
    server.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as client:
            await _until_ready(client, server)
            prometheus = Prometheus(client=client)
            await prometheus.until_up(len(targets))
            yield prometheus
    finally:
        server.end(signal.SIGTERM)


def _prepare(folder: Path, targets: Mapping[str, str]) -> None:
    folder.mkdir()
    keep(generate.files(PACE, folder), check=False)
    config = {
        # A busy machine may miss one scrape; only a second in a row counts as being down.
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml", "alerts.yml"],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [urlsplit(url).netloc]}]}
            for job, url in targets.items()
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))


async def _until_ready(client: httpx.AsyncClient, server: Server) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        assert (log := server.died()) is None, f"Prometheus ended:\n{log}"
        try:
            if (await client.get("/-/ready")).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        assert monotonic() < deadline, "Prometheus does not get ready"
        await asyncio.sleep(0.1)
