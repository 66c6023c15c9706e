"""The system as programs of other people see it: librdkafka, HTTP and the `jifen` command."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka import Consumer, Producer

from jifen.testing import JifenStack
from shared.platform.clock import monotonic
from tests.integration.consuming import shop
from tests.integration.stack.command import Command
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle
from tests.support.model import Reward
from tests.support.tellings import Story

MUG = Reward(id="mug", points=100, stock=1_000)
PATIENCE_SECONDS = 60

Heard = tuple[str, dict[str, Any]]
"""The type of an event and its data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A running system, from outside."""

    stack: JifenStack

    async def tell(self, *told: Story) -> None:
        """Send events as a foreign order system would, each with an id of its own."""
        first = hash(KafkaHandle.unique())
        await asyncio.to_thread(shop.send, self.stack.bootstrap, told, first=first)

    async def send_bytes(self, topic: str, key: bytes, value: bytes) -> None:
        """Send a record that is no event."""
        producer = Producer({"bootstrap.servers": self.stack.bootstrap})
        producer.produce(topic, value, key)
        assert await asyncio.to_thread(producer.flush, PATIENCE_SECONDS) == 0

    async def hear(self, topic: str, wanted: Callable[[Heard], bool], count: int) -> list[Heard]:
        """Read a topic from its beginning until so many events are wanted ones; return those."""
        return await asyncio.to_thread(_hear, self.stack.bootstrap, topic, wanted, count)

    async def ask(
        self, service: str, path: str, *, name: str, role: Any = "member", **query: str
    ) -> Any:
        """Read from a service with a token of that name; the answer's JSON."""
        async with self.stack.http(service, role, name) as client:
            answer = await client.get(path, params=query)
        assert answer.is_success, answer.text
        return answer.json()

    async def post(
        self, service: str, path: str, body: Mapping[str, Any], *, name: str, **more: Any
    ) -> tuple[int, Any]:
        """Have a service do something; return its status and the answer's JSON."""
        role, headers = more.pop("role", "member"), more.pop("headers", None)
        async with self.stack.http(service, role, name) as client:
            answer = await client.post(path, json=body, headers=headers)
        return answer.status_code, answer.json()

    async def until(self, what: str, done: Callable[[], Any]) -> Any:
        """Ask again until what is asked for is there, and return it."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not (found := await done()):
            assert monotonic() < deadline, f"in {PATIENCE_SECONDS} s there was no {what}"
            await asyncio.sleep(0.1)
        return found

    async def command(self, *words: str) -> str:
        """Run `jifen` as an operator of the system would; it must end well."""
        with TemporaryDirectory() as home:
            done = await asyncio.to_thread(
                Command(home=Path(home)).run,
                *words,
                JIFEN_DATABASE_URL=self.stack.database_url,
                JIFEN_KAFKA_BOOTSTRAP=self.stack.bootstrap,
            )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def apply_rewards(self, text: str) -> None:
        """Put rewards in force."""
        with NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            await self.command("rewards", "apply", file.name)

    async def is_clean(self) -> None:
        """Hold the whole ledger to adding up, as the command does."""
        said = json.loads(await self.command("audit", "verify", "--json"))
        assert said["clean"], said
        assert said["entries"] > 0

    @property
    def database(self) -> Database:
        """Its database, to look into."""
        url = urlsplit(self.stack.database_url)
        server = PostgresHandle(owner_url=self.stack.database_url, password=url.password or "")
        return Database(name=url.path.removeprefix("/"), server=server)


def document(*rewards: Reward) -> str:
    """Spell rewards as YAML, of which JSON is a part."""
    told = [
        {"id": one.id, "kind": "goods", "title": one.id, "points": one.points, "stock": one.stock}
        for one in rewards
    ]
    return json.dumps({"version": 1, "rewards": told})


def kinds(heard: Sequence[Heard]) -> list[str]:
    """Return the types of events."""
    return [kind for kind, _ in heard]


def _hear(bootstrap: str, topic: str, wanted: Callable[[Heard], bool], count: int) -> list[Heard]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": KafkaHandle.unique(),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    found: list[Heard] = []
    deadline = monotonic() + PATIENCE_SECONDS
    try:
        while len(found) < count:
            assert monotonic() < deadline, f"{topic}: expected {count} events, heard {found}"
            record = consumer.poll(0.5)
            if record is not None and record.error() is None:
                heard = _event(dict(record.headers() or ()), record.value())
                found += [heard] if wanted(heard) else []
    finally:
        consumer.close()
    return found


def _event(headers: Mapping[str, Any], value: bytes | None) -> Heard:
    kind = headers.get("ce_type", b"").decode()
    try:
        data = json.loads(value or b"{}")
    except ValueError:
        data = {"bytes": value}
    return kind, data
