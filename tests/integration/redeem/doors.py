"""Redeem in a process of its own, asked over HTTP as a shop's backend or a member's phone would."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Producer

from services.redeem.handlers import TOPICS
from shared.platform.auth.principal import Role
from tests.integration.consuming.crew import Place, Service
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import give_points, of_today
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward, Rules, encode, topic_of
from tests.support.model.world import Event
from tests.support.tokens import bearer

SERVICE = bearer("service", "shop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One service of redeem, and what a member asks there."""

    service: Service
    client: httpx.AsyncClient

    async def ask(
        self,
        member: str,
        path: str = "",
        body: Mapping[str, object] | None = None,
        *,
        key: str | None = None,
        token: Mapping[str, str] = SERVICE,
        method: str = "POST",
    ) -> httpx.Response:
        headers = {**token} if key is None else {**token, "Idempotency-Key": key}
        address = f"/v1/members/{member}/redemptions{path}"
        return await self.client.request(method, address, json=body, headers=headers)

    async def reserve(
        self,
        member: str,
        key: str,
        *,
        reward: str = "mug",
        token: Mapping[str, str] = SERVICE,
        **more: object,
    ) -> httpx.Response:
        return await self.ask(member, "", {"reward_id": reward, **more}, key=key, token=token)

    async def quote(self, member: str, *, reward: str = "mug", **more: object) -> httpx.Response:
        return await self.ask(member, "/quote", {"reward_id": reward, **more})

    async def read(self, member: str, redemption_id: str) -> httpx.Response:
        return await self.ask(member, f"/{redemption_id}", method="GET")


def send(kafka: KafkaHandle, told: Sequence[Event]) -> None:
    """Produce with librdkafka and its own partitioner, as a foreign system would."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 5, "max.in.flight": 1})
    for number, event in enumerate(told):
        key, value, headers = encode(event["type"], event["data"], f"e{number}")
        producer.produce(topic_of(event["type"]), value, key, headers=dict(headers))
    assert producer.flush(30) == 0


def own(member: str, role: Role = "member") -> Mapping[str, str]:
    """Return the header with a member's own token."""
    return bearer(role, member)


def place_of(database: Database, bootstrap: str, folder: Path) -> Place:
    return Place(urls={"redeem": database.dsn("jifen_redeem")}, bootstrap=bootstrap, folder=folder)


async def furnish(database: Database, kafka: KafkaHandle, *rewards: Reward, **has: int) -> None:
    """Empty the topics, offer rewards, and give members three lots of so many points each."""
    await kafka.fresh_topics(*TOPICS)
    today = Rules().day(now())
    accounts = {name: of_today(today, points) for name, points in has.items()}
    await give_points(database, rewards, accounts)


@asynccontextmanager
async def opened(place: Place, *, ready: bool = True, **environment: str) -> AsyncIterator[Door]:
    """Run the service; it is there to be asked, and ready unless told not to wait for that."""
    async with place.service("redeem", **environment) as service:
        await (service.until_ready() if ready else service.until_logged("started"))
        async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
            yield Door(service=service, client=client)


def refusal(response: httpx.Response) -> tuple[int, str, Any]:
    """Return what a refusal says: status, code, figures."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    return response.status_code, problem["code"], problem.get("figures")
