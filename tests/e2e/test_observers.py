"""Prometheus and Alertmanager take the files that Compose gives them, and get ready on them."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from shared.platform.clock import monotonic
from tests.e2e.composed import ROOT
from tests.support.stack import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

FILES = ROOT / "deploy/prometheus"
_READY_SECONDS = 60


async def test_prometheus_runs_on_them(tmp_path: Path) -> None:
    config = f"--config.file={FILES / 'prometheus.yml'}"
    async with _running("prometheus", config, f"--storage.tsdb.path={tmp_path}") as client:
        groups = (await client.get("/api/v1/rules")).json()["data"]["groups"]
        scraped = (await client.get("/api/v1/status/config")).json()["data"]["yaml"]
    assert {group["file"] for group in groups} == {
        str(FILES / "rules.yml"),
        str(FILES / "alerts.yml"),
    }
    assert "job_name: earn" in scraped


async def test_alertmanager_runs_on_them(tmp_path: Path) -> None:
    config = f"--config.file={FILES / 'alertmanager.yml'}"
    apart = "--cluster.listen-address="
    program = "prometheus-alertmanager"
    async with _running(program, config, f"--storage.path={tmp_path}", apart) as client:
        receivers = (await client.get("/api/v2/receivers")).json()
    assert receivers


@asynccontextmanager
async def _running(program: str, *options: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run a program of Debian's until it is ready; yield a client of it."""
    if (path := shutil.which(program)) is None:
        pytest.skip(f"there is no `{program}` on this machine")
    address = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        *(path, *options, f"--web.listen-address={address}"), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}") as client:
            await _until_ready(client)
            yield client
    finally:
        process.kill()
        await process.wait()


async def _until_ready(client: httpx.AsyncClient) -> None:
    deadline = monotonic() + _READY_SECONDS
    while True:
        try:
            if (await client.get("/-/ready")).is_success:
                return
        except httpx.TransportError:
            pass
        assert monotonic() < deadline, f"not ready in {_READY_SECONDS} s"
        await asyncio.sleep(0.1)
