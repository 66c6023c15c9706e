"""How long a container of the image takes from its start until it is ready."""

import asyncio
from collections.abc import Mapping
from statistics import median

import httpx
import psutil
import pytest

from jifen.stack.topics import ensure_topics
from shared.platform.clock import monotonic
from tests.bench.report import say
from tests.e2e.conftest import image
from tests.e2e.containers import docker, running
from tests.e2e.test_image import SERVICES
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.earning import give_program
from tests.support.images.names import Image
from tests.support.stack import free_port
from tests.support.tokens import SECRET

__all__ = ["image"]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

AIM_SECONDS = 3.0
RUNS = 3
_LOOK_SECONDS = 0.01


async def test_start_to_ready(image: Image, database: Database, kafka: KafkaHandle) -> None:
    await asyncio.gather(give_program(database), ensure_topics(kafka.bootstrap))
    say("", f"image start to ready, aim {AIM_SECONDS:.0f} s; median of {RUNS} (and all)")
    for name in SERVICES:
        environment = {
            "JIFEN_DATABASE_URL": database.dsn(f"jifen_{name}"),
            "JIFEN_KAFKA_BOOTSTRAP": kafka.bootstrap,
            "JIFEN_AUTH_SECRET": SECRET,
            "JIFEN_HTTP_HOST": "127.0.0.1",
            "JIFEN_DRAIN_SECONDS": "0",
        }
        runs = [await _start(name, image.tag, environment) for _ in range(RUNS)]
        walls, cpus = zip(*runs, strict=True)
        each = ", ".join(f"{wall:.2f}" for wall in walls)
        say(f"{name:<8} {median(walls):.2f} s of which CPU {median(cpus):.2f} s  ({each})")


async def _start(name: str, tag: str, environment: Mapping[str, str]) -> tuple[float, float]:
    """Return seconds until it was ready, the engine's own work included, and CPU seconds of it."""
    port = free_port()
    began = monotonic()
    async with running(
        tag, name, environment={**environment, "JIFEN_HTTP_PORT": str(port)}
    ) as container:
        await _until_ready(f"http://127.0.0.1:{port}/readyz")
        took = monotonic() - began
        _, pid = await docker("inspect", "--format={{.State.Pid}}", container)
        spent = psutil.Process(int(pid)).cpu_times()
        await docker("stop", "--time=20", container)
    return took, spent.user + spent.system


async def _until_ready(url: str) -> None:
    deadline = monotonic() + 60
    async with httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.TransportError:
                pass
            assert monotonic() < deadline, f"{url} is not ready"
            await asyncio.sleep(_LOOK_SECONDS)
