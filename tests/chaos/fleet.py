"""Services of several processes, behind a balancer, restarted one after the other under load."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.contract.topics import CONSUMED_BY, topics_for
from tests.chaos.balancer import Crowd, Tale
from tests.chaos.kills import PATIENCE_SECONDS
from tests.integration.consuming.crew import Place, Service
from tests.integration.consuming.shop import Books
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import give_points, of_today
from tests.integration.redeem.doors import SERVICE
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward, Rules
from tests.support.stack import Home, free_port

ROOT = Path(__file__).parents[2]
MUG = Reward(id="mug", points=3, stock=10**8)
PROCESSES = {"earn": 3}
"""Two of each but these: one more than the load needs, to catch up with what waited meanwhile."""

ASKED = ("redeem", "mall")
"""The services that clients ask over HTTP, which is why they drain."""

DRAIN_SECONDS = 5.0
"""As services have it: many probes of the balancer, since on a busy machine some are late."""

_HOUR_SECONDS = 3_600


async def open_deployment(database: Database, kafka: KafkaHandle, buyers: Sequence[str]) -> Books:
    """Empty all topics, offer a reward, and give those who want it enough for a thousand of it."""
    await kafka.fresh_topics(*(topic.name for topic in topics_for(CONSUMED_BY)))
    today = Rules().day(now())
    await give_points(database, [MUG], {name: of_today(today, 10**6) for name in buyers})
    return Books(database=database, bootstrap=kafka.bootstrap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """The processes of a service; where clients ask, at addresses that outlive them."""

    name: str
    place: Place
    stack: AsyncExitStack
    ports: Sequence[int]
    running: list[Service] = field(default_factory=list)

    @property
    def addresses(self) -> list[str]:
        return [f"127.0.0.1:{port}" for port in self.ports]

    async def start(self) -> None:
        self.running.extend([await self._start(port) for port in self.ports])
        for service in self.running:
            await service.until_ready(patience_seconds=PATIENCE_SECONDS)

    async def restart(self, *, settle_seconds: float = 0.0) -> None:
        """Replace one after the other, the next when the new one has been ready for so long.

        The new one comes before the old one goes, except where it needs the same address.
        """
        for number, port in enumerate(self.ports):
            if port:
                await self.running[number].drain()
            new = await self._start(port)
            await new.until_ready(patience_seconds=PATIENCE_SECONDS)
            if not port:
                await asyncio.sleep(settle_seconds)
                await self.running[number].drain()
            self.running[number] = new
            await asyncio.sleep(settle_seconds)

    async def _start(self, port: int) -> Service:
        settings = {"JIFEN_HTTP_PORT": str(port)}
        if self.name in ASKED:
            settings["JIFEN_DRAIN_SECONDS"] = str(DRAIN_SECONDS)
        return await self.stack.enter_async_context(self.place.service(self.name, **settings))


@asynccontextmanager
async def fleet(
    books: Books, home: Home, names: Sequence[str]
) -> AsyncIterator[Mapping[str, Replicas]]:
    """Run the processes of each service, ready to be asked."""
    urls = {name: books.database.dsn(f"jifen_{name}") for name in names}
    place = Place(urls=urls, bootstrap=books.bootstrap, folder=home.folder)
    async with AsyncExitStack() as stack:
        services = {
            name: Replicas(name=name, place=place, stack=stack, ports=_ports(name))
            for name in names
        }
        await asyncio.gather(*(replicas.start() for replicas in services.values()))
        yield services


def _ports(name: str) -> Sequence[int]:
    return [free_port() if name in ASKED else 0 for _ in range(PROCESSES.get(name, 2))]


@dataclass(slots=True, kw_only=True)
class Pacer:
    """The share of a core that an open loop took, once it has ended."""

    cpu_share: float = 0.0


@asynccontextmanager
async def ordering(books: Books, *, rate: int, seed: int) -> AsyncIterator[Pacer]:
    """Send orders at a steady rate as long as the context lasts."""
    arguments = (books.bootstrap, str(rate), str(_HOUR_SECONDS), str(seed))
    pacer = Pacer()
    async with _program("tests.bench.pacer", *arguments) as process:
        yield pacer
        process.terminate()
        out, _ = await process.communicate()
        pacer.cpu_share = float(out)


@asynccontextmanager
async def asking(crowd: Crowd) -> AsyncIterator[list[Tale]]:
    """Have a crowd ask as long as the context lasts; then what became of it is in the list."""
    tales: list[Tale] = []
    async with _program("tests.chaos.balancer") as process:
        assert process.stdin is not None
        process.stdin.write(crowd.model_dump_json().encode() + b"\n")
        yield tales
        out, _ = await process.communicate(b"")  # which ends its input
        tales.append(Tale.model_validate_json(out))


@asynccontextmanager
async def _program(module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def crowd_of(services: Mapping[str, Replicas], buyers: Sequence[str], **rates: int) -> Crowd:
    """Have buyers ask at the doors there are."""
    return Crowd(
        redeem=services["redeem"].addresses,
        mall=services["mall"].addresses if "mall" in services else [],
        headers=SERVICE,
        members=list(buyers),
        reward=MUG.id,
        redemptions_per_second=rates["redemptions"],
        looks_per_second=rates.get("looks", 0),
    )
