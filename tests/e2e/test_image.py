"""The image: small, without tools, as nobody in particular; it runs every service."""

import asyncio
import pkgutil

import httpx
import pytest

import services
from jifen.stack.ports import first_free
from jifen.stack.roles import SERVICE_ROLES
from jifen.stack.topics import ensure_topics
from shared.platform.clock import monotonic
from tests.e2e.containers import docker, run_once, running
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, owner_of
from tests.support.earning import give_program
from tests.support.images import engine
from tests.support.images.names import Image
from tests.support.tokens import SECRET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SERVICES = sorted(one.name for one in pkgutil.iter_modules(services.__path__) if one.ispkg)
MOST_MB = 250
_LOWEST_PORT = 30_000


def test_it_is_small(image: Image) -> None:
    assert engine.size_mb(image.tag) <= MOST_MB


async def test_it_has_nothing_to_build_with_and_is_not_root(image: Image) -> None:
    look = "id -u; command -v cc gcc g++ make strip git curl; true"
    code, said = await run_once(image.tag, "-c", look, entrypoint="sh")
    assert (code, said.split()) == (0, ["10001"])


async def test_another_name_is_refused_with_those_there_are(image: Image) -> None:
    code, said = await run_once(image.tag, "lottery")
    assert code == 2
    assert all(name in said for name in SERVICES)


@pytest.mark.parametrize("name", SERVICES)
async def test_each_service_gets_ready_and_ends_well(
    name: str, image: Image, database: Database, kafka: KafkaHandle
) -> None:
    await asyncio.gather(give_program(database), ensure_topics(kafka.bootstrap))
    port = first_free(_LOWEST_PORT, set())
    environment = {
        "JIFEN_DATABASE_URL": database.dsn(f"jifen_{name}"),
        "JIFEN_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "JIFEN_AUTH_SECRET": SECRET,
        "JIFEN_HTTP_HOST": "127.0.0.1",
        "JIFEN_HTTP_PORT": str(port),
    }
    async with running(image.tag, name, environment=environment) as container:
        await _until_ready(f"http://127.0.0.1:{port}/readyz", container)
        healthy, said = await docker(
            *("exec", container, "python", "-m", "shared.platform.probe"),
            f"http://127.0.0.1:{port}/healthz",
        )
        await docker("stop", "--time=20", container)
        _, status = await docker("inspect", "--format={{.State.ExitCode}}", container)
    assert healthy == 0, said
    assert status.strip() == "0"


async def test_the_jobs_prepare_database_and_broker(
    image: Image, database: Database, kafka: KafkaHandle
) -> None:
    environment = {
        "JIFEN_DATABASE_URL": database.dsn(),
        "JIFEN_KAFKA_BOOTSTRAP": kafka.bootstrap,
    }
    variables = [f"--env={name}={value}" for name, value in environment.items()]
    for job in ("migrate", "topics"):
        code, said = await docker(
            *("run", "--rm", "--network=host", "--read-only", "--entrypoint=jifen"),
            *(*variables, image.tag, job),
        )
        assert code == 0, said
    async with owner_of(database) as owner:
        assert await owner.fetchval("SELECT count(*) FROM program.revision") == 1
        roles = await owner.fetchval(
            "SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)", list(SERVICE_ROLES)
        )
    assert roles == len(SERVICE_ROLES)


async def _until_ready(url: str, container: str) -> None:
    deadline = monotonic() + 60
    async with httpx.AsyncClient() as client:
        while True:
            try:
                answer = await client.get(url)
            except httpx.TransportError:
                why = "nothing listens"
            else:
                if answer.status_code == httpx.codes.OK:
                    return
                why = answer.text
            if monotonic() > deadline:
                _, log = await docker("logs", "--tail=20", container)
                pytest.fail(f"not ready: {why}\n{log}")
            await asyncio.sleep(0.05)
