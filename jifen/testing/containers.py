"""The system in containers of a Docker engine, and the faults that only containers can have."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Final

import asyncpg
from docker.errors import APIError, DockerException
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from jifen.stack.health import service_problem
from jifen.stack.kafka import answers
from jifen.stack.ports import HOST, first_free
from jifen.stack.roles import SERVICE_ROLES
from jifen.testing import boxes
from jifen.testing.backend import Running
from jifen.testing.errors import NoStackError
from jifen.testing.settings import KAFKA_IMAGE, POSTGRES_IMAGE
from shared.platform.auth.issue import issue
from shared.platform.auth.principal import Principal
from shared.platform.auth.settings import AuthSettings
from shared.platform.clock import monotonic, unix_seconds

SERVICES: Final = tuple(role.removeprefix("jifen_") for role in SERVICE_ROLES)
_PATIENCE_SECONDS: Final = 180.0
_PAUSE_SECONDS: Final = 0.2
_TRIES: Final = 10
# Below the range the system hands out for outgoing connections, which could steal a port.
_LOWEST_PORT: Final = 24_000
_PORTS: Final = 4_000
_LAST_LINES: Final = 20
# Ports of containers are published to this machine alone.
_LOOPBACK: Final = {"options": {"com.docker.network.bridge.host_binding_ipv4": HOST}}


class Containers:
    """Kafka, PostgreSQL, the jobs and every service, each a container, on networks of their own.

    Wants a Docker engine on this machine (DOCKER_HOST as usual). Kafka has a network of its own
    beside that of the database, so that either can be taken from a service.
    """

    def __init__(
        self,
        *,
        image: str = "jifen",
        kafka_image: str = KAFKA_IMAGE,
        postgres_image: str = POSTGRES_IMAGE,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take the images, and variables for all services besides those they can't do without."""
        self._images = {"jifen": image, "kafka": kafka_image, "postgres": postgres_image}
        self._environment = dict(environment or {})
        self._name = f"jifen-{secrets.token_hex(4)}"
        self._secret, self._password = secrets.token_hex(32), secrets.token_hex(16)
        self._networks: dict[str, Network] = {}
        self._boxes: dict[str, DockerContainer] = {}
        self._ports: dict[str, int] = {}
        self._held = ExitStack()

    async def start(self) -> Running:
        """Start it in the order of a deployment: servers, jobs, services; raises StackError."""
        for name in ("kafka", "postgres", *SERVICES):
            wanted = _LOWEST_PORT + secrets.randbelow(_PORTS)
            self._ports[name] = first_free(wanted, set(self._ports.values()))
        try:
            # The first in the order of the alphabet has the ports that are published.
            self._make_networks("data", "kafka")
            await self._start_servers()
            await self._run_jobs()
            await self._start_services()
        except DockerException as error:
            raise NoStackError(f"the Docker engine refuses: {error}") from error
        return Running(
            bootstrap=f"{HOST}:{self._ports['kafka']}",
            database_url=self._owner_url,
            urls={name: self._url(name) for name in SERVICES},
            sign=self._sign,
        )

    async def stop(self) -> None:
        """Remove every container, with its volumes, and the networks."""
        await asyncio.gather(*(asyncio.to_thread(box.stop) for box in self._boxes.values()))
        self._boxes.clear()
        await asyncio.to_thread(self._held.close)

    def processes(self) -> list[str]:
        """Name the containers."""
        return list(self._boxes)

    def logs(self, process: str, lines: int) -> str:
        """Return the last lines of a container's log; nothing where it never ran."""
        box = self._boxes.get(process)
        if box is None:
            return ""
        said: bytes = box.get_wrapped_container().logs(tail=lines)
        return said.decode(errors="replace")

    async def pause(self, process: str) -> None:
        """Freeze a container: whoever speaks to it gets no answer."""
        container = self._boxes[process].get_wrapped_container()
        for left in reversed(range(_TRIES)):
            try:
                await asyncio.to_thread(container.pause)
            except APIError:
                # The engine gives up where something is being started inside, such as a check.
                if not left:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return

    async def unpause(self, process: str) -> None:
        """Let a frozen container go on."""
        await asyncio.to_thread(self._boxes[process].get_wrapped_container().unpause)

    async def kill(self, process: str) -> None:
        """End a container as a crash would; its files stay."""
        await asyncio.to_thread(self._boxes[process].get_wrapped_container().kill)

    async def start_again(self, process: str) -> None:
        """Start a container that was killed, and wait until it is ready."""
        await asyncio.to_thread(self._boxes[process].get_wrapped_container().start)
        await self._until_ready(process)

    async def cut_off(self, service: str, network: str = "kafka") -> None:
        """Take a service from the network of `kafka`, or of the database, which is `data`."""
        found = self._networks[network]._unwrap_network  # noqa: SLF001  # no public way
        await asyncio.to_thread(found.disconnect, self._boxes[service].get_container_id())

    async def connect(self, service: str, network: str = "kafka") -> None:
        """Put a service onto a network."""
        container = self._boxes[service].get_container_id()
        await asyncio.to_thread(self._networks[network].connect, container)

    @property
    def _owner_url(self) -> str:
        return boxes.database_url(boxes.OWNER, self._password, HOST, self._ports["postgres"])

    def _url(self, service: str) -> str:
        return f"http://{HOST}:{self._ports[service]}"

    def _sign(self, principal: Principal, ttl_seconds: int) -> str:
        settings, secret = AuthSettings.model_validate({"secret": self._secret}), self._secret
        return issue(
            secret.encode(), principal, settings, now=unix_seconds(), ttl_seconds=ttl_seconds
        )

    def _make_networks(self, *names: str) -> None:
        for name in names:
            network = Network(docker_network_kw=_LOOPBACK)
            network.name = f"{self._name}-{name}"
            self._networks[name] = self._held.enter_context(network)

    async def _start_servers(self) -> None:
        kafka = boxes.broker(self._images["kafka"], self._ports["kafka"])
        postgres = boxes.database(self._images["postgres"], self._ports["postgres"], self._password)
        await asyncio.gather(
            self._start(kafka, "kafka", "kafka"), self._start(postgres, "postgres", "data")
        )
        await asyncio.gather(self._until_ready("kafka"), self._until_ready("postgres"))

    async def _run_jobs(self) -> None:
        passwords = dict.fromkeys(SERVICE_ROLES, self._password)
        told = {"JIFEN_KAFKA_BOOTSTRAP": "kafka:9092"}
        told["JIFEN_DATABASE_URL"] = boxes.database_url(boxes.OWNER, self._password)
        image = self._images["jifen"]
        await asyncio.gather(
            self._run(boxes.migrations(image, passwords, told), "migrate", "data"),
            self._run(boxes.job(image, ["topics"], told), "topics", "kafka"),
        )

    async def _start_services(self) -> None:
        await asyncio.gather(*(self._start_service(name) for name in SERVICES))
        await asyncio.gather(*(self._until_ready(name) for name in SERVICES))

    async def _start_service(self, name: str) -> None:
        told = {
            "JIFEN_DATABASE_URL": boxes.database_url(f"jifen_{name}", self._password),
            "JIFEN_KAFKA_BOOTSTRAP": "kafka:9092",
            "JIFEN_AUTH_SECRET": self._secret,
            **self._environment,
        }
        box = boxes.service(self._images["jifen"], name, self._ports[name], told)
        await self._start(box, name, "data")
        await self.connect(name, "kafka")

    async def _start(self, box: DockerContainer, name: str, network: str) -> None:
        box.with_name(f"{self._name}-{name}").with_network(self._networks[network])
        self._boxes[name] = box.with_network_aliases(name)
        await asyncio.to_thread(box.start)

    async def _run(self, box: DockerContainer, name: str, network: str) -> None:
        """Run a job to its end."""
        await self._start(box, name, network)
        code = await asyncio.to_thread(box.wait)
        if code:
            raise NoStackError(f"`jifen {name}` ended with {code}:\n{self.logs(name, _LAST_LINES)}")

    async def _until_ready(self, name: str) -> None:
        checks: Mapping[str, Callable[[], Awaitable[str]]] = {
            "kafka": self._kafka_problem,
            "postgres": self._postgres_problem,
        }
        deadline = monotonic() + _PATIENCE_SECONDS
        while problem := await checks.get(name, lambda: service_problem(self._url(name)))():
            if monotonic() > deadline or await asyncio.to_thread(self._has_ended, name):
                said = self.logs(name, _LAST_LINES)
                raise NoStackError(f"{name} did not get ready: {problem}\n{said}")
            await asyncio.sleep(_PAUSE_SECONDS)

    def _has_ended(self, name: str) -> bool:
        container = self._boxes[name].get_wrapped_container()
        container.reload()
        return bool(container.status == "exited")

    async def _kafka_problem(self) -> str:
        return "" if await answers(f"{HOST}:{self._ports['kafka']}") else "does not answer"

    async def _postgres_problem(self) -> str:
        try:
            connection = await asyncpg.connect(self._owner_url, timeout=5)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return str(error) or type(error).__name__
        await connection.close()
        return ""
