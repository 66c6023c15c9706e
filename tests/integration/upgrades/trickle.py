"""Orders and requests that go on while something happens, and what must come of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
from prometheus_client.parser import text_string_to_metric_families

from shared.contract.topics import CONSUMED_BY, topics_for
from shared.platform.clock import monotonic
from tests.integration.consuming.crew import Place, Service
from tests.integration.consuming.shop import send
from tests.integration.earn.desk import now
from tests.integration.ledger.desk import audited
from tests.integration.redeem.desk import give_points, of_today, rows, stock_adds_up
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward, Rules
from tests.support.model.errands import request
from tests.support.stack import Home
from tests.support.tellings import Story, paid

SERVICES = ("earn", "redeem", "relay")
_MEMBERS = 10
_GIFT = 10**6
_MUG = Reward(id="mug", points=3, stock=10**6)
# An order of 10.00 is ten points.
_WORTH = 10
_PAUSE_SECONDS = 0.05
_PATIENCE_SECONDS = 120
_DONE = """
SELECT (
    SELECT count(*) FROM ledger.entry WHERE cause LIKE 'order/%'
) AS earned, (
    SELECT count(*) FROM ledger.entry WHERE kind = 'redeemed'
) AS redeemed, (
    SELECT count(*) FROM messaging.outbox
) AS waiting
"""


@dataclass(slots=True, kw_only=True)
class Trickle:
    """Tells services an order and a request of each member, over and over, until it is stopped."""

    database: Database
    bootstrap: str
    services: Mapping[str, Service]
    said: Mapping[str, int] = field(default_factory=dict)
    rounds: int = 0
    stopping: bool = False

    async def run(self) -> None:
        while not self.stopping:
            told = [*self._orders(), *self._requests()]
            await asyncio.to_thread(send, self.bootstrap, told, first=self.rounds * len(told))
            self.rounds += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def until_more(self, rounds: int = 5) -> None:
        """Wait until what will be told from now on has come through, so many rounds of it."""
        wanted = (self.rounds + rounds) * _MEMBERS
        await self._until(lambda earned, redeemed, _: min(earned, redeemed) >= wanted)

    async def until_done(self) -> None:
        wanted = self.rounds * _MEMBERS
        await self._until(lambda *found: found == (wanted, wanted, 0))

    async def check(self) -> None:
        """Every order and every request counts once, and all books say the same."""
        balance = 3 * _GIFT + self.rounds * (_WORTH - _MUG.points)
        found = await rows(self.database, "SELECT balance FROM ledger.account")
        assert [row["balance"] for row in found] == [balance] * _MEMBERS
        assert await stock_adds_up(self.database)
        assert not (await audited(self.database)).findings
        assert await rows(self.database, "SELECT * FROM messaging.dead_letter") == []

    def listen(self) -> None:
        """Take what services have said up to now for their start, which may have its troubles."""
        self.said = {name: len(service.lines) for name, service in self.services.items()}

    async def untroubled(self) -> None:
        """Nothing was restarted, complained of, or tried again, since somebody listened."""
        for name, service in self.services.items():
            assert service.running, f"{name} ended: {service.lines[-5:]}"
            said = service.lines[self.said[name] :]
            complaints = [line for line in said if line.get("level") != "info"]
            assert not complaints, f"{name} says {complaints}"
            assert await retries(service) == 0, f"{name} tried again: {said}"

    async def _until(self, there: Callable[[int, int, int], bool]) -> None:
        deadline = monotonic() + _PATIENCE_SECONDS
        while True:
            [(earned, redeemed, waiting)] = await rows(self.database, _DONE)
            if there(earned, redeemed, waiting):
                return
            assert monotonic() < deadline, f"{earned=} {redeemed=} {waiting=} {self.rounds=}"
            await asyncio.sleep(0.05)

    def _orders(self) -> list[Story]:
        return [paid(f"o{self.rounds}-{n}", f"m{n}") for n in range(_MEMBERS)]

    def _requests(self) -> list[Story]:
        asked = [
            request(f"m{n}", f"r{self.rounds}-{n}", now(), confirm=True) for n in range(_MEMBERS)
        ]
        return [(event["type"], event["data"]) for event in asked]


@asynccontextmanager
async def trickling(
    database: Database, kafka: KafkaHandle, home: Home, **environment: str
) -> AsyncIterator[Trickle]:
    """Run earn, redeem and relay under a trickle; in the end all has come through, exactly."""
    await kafka.fresh_topics(*(topic.name for topic in topics_for(CONSUMED_BY)))
    today = Rules().day(now())
    gifts = {f"m{n}": of_today(today, _GIFT) for n in range(_MEMBERS)}
    await give_points(database, [_MUG], gifts)
    urls = {name: database.dsn(f"jifen_{name}") for name in SERVICES}
    place = Place(urls=urls, bootstrap=kafka.bootstrap, folder=home.folder)
    async with AsyncExitStack() as stack:
        services = {
            name: await stack.enter_async_context(place.service(name, **environment))
            for name in SERVICES
        }
        for service in services.values():
            await service.until_ready()
        trickle = Trickle(database=database, bootstrap=kafka.bootstrap, services=services)
        telling = asyncio.create_task(trickle.run())
        try:
            await trickle.until_more()
            trickle.listen()
            yield trickle
        finally:
            trickle.stopping = True
            await telling
        await trickle.until_done()
        await trickle.check()


async def retries(service: Service) -> float:
    """Add up batches that a service has tried again, and pages that the relay has."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{service.url}/metrics", timeout=10)).text
    counted = ("points_batch_retries_total", "points_outbox_failures_total")
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name in counted)
