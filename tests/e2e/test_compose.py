"""deploy/compose.yaml is the whole system: it starts, works, drains, and leaves nothing."""

import asyncio
import pkgutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

import services
from jifen.client.asked import Asked
from jifen.client.mall import Mall
from jifen.client.redeem import Counter
from shared.platform.auth.issue import issue
from shared.platform.auth.principal import Principal
from shared.platform.clock import monotonic, unix_seconds
from tests.e2e.composed import ROOT, Composed, composed, problem
from tests.integration.consuming.shop import send
from tests.support.images import names
from tests.support.images.names import Image
from tests.support.stack import free_port
from tests.support.tellings import paid
from tests.support.tokens import SETTINGS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SERVICES: Final = frozenset(
    one.name for one in pkgutil.iter_modules(services.__path__) if one.ispkg
)
SERVERS: Final = frozenset({"postgres", "kafka"})
_ON_OFFER = """
version: 1
rewards: [{id: mug, kind: goods, title: Mug, points: 1000, stock: 5}]
"""
_READY_SECONDS = 90


@pytest.fixture(scope="session")
def composes() -> None:
    """Skip where nothing can be composed, before an image is built for it."""
    if (why := problem()) is not None:
        pytest.skip(f"nothing is composed here: {why}")


@pytest.fixture
def secret_files(tmp_path: Path) -> Path:
    """Secrets as an operator makes them."""
    folder = tmp_path / "secrets"
    command = [sys.executable, "-m", "jifen.cli.main", "secrets", str(folder)]
    subprocess.run(command, check=True, cwd=ROOT)
    return folder


@pytest.fixture
def ports() -> dict[str, int]:
    """Where each port is published."""
    return {name: free_port() for name in ("KAFKA", "EARN", "REDEEM", "NOTIFY", "MALL")}


@pytest.fixture
async def project(
    composes: None,  # noqa: ARG001  # asked first
    image: Image,
    secret_files: Path,
    ports: dict[str, int],
    tmp_path: Path,
) -> AsyncIterator[Composed]:
    """The system, not started, of the images that there are."""
    kafka, postgres = await asyncio.to_thread(lambda: (names.kafka(), names.postgres()))
    variables = {
        "JIFEN_IMAGE": image.tag,
        "JIFEN_KAFKA_IMAGE": kafka.tag,
        "JIFEN_POSTGRES_IMAGE": postgres.tag,
        "JIFEN_SECRETS": str(secret_files),
        # As the embedded broker: small, and quick to start.
        "JIFEN_KAFKA_HEAP": "-Xmx256m -XX:TieredStopAtLevel=1",
        **{f"JIFEN_{name}_PORT": str(port) for name, port in ports.items()},
    }
    async with composed(tmp_path, variables) as project:
        yield project


async def test_the_whole_system_starts_works_and_ends(
    project: Composed, secret_files: Path, ports: dict[str, int]
) -> None:
    began = monotonic()
    await project("up", "--detach")
    await project.until_healthy(SERVERS | SERVICES)
    _say(f"ready {monotonic() - began:.0f} s after `up`, promised within {_READY_SECONDS} s")

    await project("run", "--rm", "-T", "cli", "rewards", "apply", "/dev/stdin", told=_ON_OFFER)
    send(f"127.0.0.1:{ports['KAFKA']}", [paid("A1", "m-1", 128_000)])
    async with _asking(ports["MALL"], secret_files) as asked:
        balance = await _until_earned(Mall(asked))
    async with _asking(ports["REDEEM"], secret_files) as asked:
        taken = await Counter(asked, "m-1").take("mug", "once", confirm=True)
    assert (balance, taken.points, taken.balance) == (1_280, 1_000, 280)

    began = monotonic()
    await project("stop")
    _say(f"stopped in {monotonic() - began:.0f} s")
    codes = await project.states("{{.State.ExitCode}}")
    assert {name: codes[name] for name in SERVICES} == dict.fromkeys(SERVICES, "0")

    await project("up", "--detach")
    await project.until_healthy(SERVERS | SERVICES)
    async with _asking(ports["MALL"], secret_files) as asked:
        assert (await Mall(asked).account("m-1")).balance == 280
    assert "everything agrees" in await project("run", "--rm", "-T", "cli", "audit", "verify")

    await project("down", "--volumes")
    assert await project.leftovers() == []


async def test_every_profile_is_understood(project: Composed) -> None:
    told = await project("--profile", "obs", "--profile", "tools", "config", "--services")
    assert set(told.split()) >= SERVICES | SERVERS | {"prometheus", "alertmanager", "grafana"}


@asynccontextmanager
async def _asking(port: int, secret_files: Path) -> AsyncIterator[Asked]:
    """Ask a service over its published port, as the shop's backend."""
    secret = (secret_files / "token_key").read_text().strip().encode()
    shop = Principal(role="service", name="shop")
    token = issue(secret, shop, SETTINGS, now=unix_seconds(), ttl_seconds=600)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        yield Asked("service", client)


def _say(figure: str) -> None:
    sys.stdout.write(f"compose: {figure}\n")


async def _until_earned(mall: Mall) -> int:
    deadline = monotonic() + 60
    while not (balance := (await mall.account("m-1")).balance):
        assert monotonic() < deadline, "the order earned nothing"
        await asyncio.sleep(0.1)
    return balance
