"""What stands in front of the processes of a service, and its clients: a program of their own.

Run as `python -m tests.chaos.balancer`, told on its first line of input what a `Crowd` is. Until
its input ends it asks at a steady rate, whatever becomes of what it asked; then it prints a `Tale`.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count, cycle
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

from shared.platform.clock import monotonic

PROBE_SECONDS = 0.2
"""How often each process is asked whether it is ready; a drain takes several times as long."""

_PROBE_PATIENCE_SECONDS = 1.0
_GONE, _ANSWERS, _READY = range(3)


class Crowd(BaseModel):
    """What is asked: redemptions of a reward and looks at accounts, of members in turn."""

    model_config = ConfigDict(frozen=True)

    redeem: list[str]
    mall: list[str] = []
    headers: dict[str, str]
    members: list[str]
    reward: str
    redemptions_per_second: int
    looks_per_second: int = 0


class Tale(BaseModel):
    """What became of it: requests by their last status, and everything that went wrong.

    A client asks once more after a 503, and after nothing else. Latencies are of redemptions, from
    the moment they were to be sent, in milliseconds, ascending.
    """

    statuses: dict[str, int]
    again: int
    errors: list[str]
    milliseconds: list[float]
    cpu_share: float


class Balancer:
    """Sends each request to the next process that said it was ready when it was asked last.

    Where none did it fails open, as the usual ones do: to the next that answers at all.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._standing = dict.fromkeys(urls, _GONE)
        self._turns = cycle(urls)
        limits = httpx.Limits(max_connections=None, keepalive_expiry=2.0)
        self._client = httpx.AsyncClient(timeout=30, limits=limits)

    @asynccontextmanager
    async def probing(self) -> AsyncIterator["Balancer"]:
        """Ask the processes again and again, as long as the context lasts."""
        async with self._client:
            await asyncio.gather(*(self._probe(url) for url in self._standing))
            tasks = [asyncio.create_task(self._watch(url)) for url in self._standing]
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def choose(self, but: str | None = None) -> str:
        """Return the next of the best there are, but one that has just refused."""
        best = max(at for url, at in self._standing.items() if url != but)
        while True:
            url = next(self._turns)
            if url != but and self._standing[url] == best:
                return url

    async def send(self, url: str, method: str, path: str, **options: Any) -> httpx.Response:
        return await self._client.request(method, url + path, **options)

    async def _watch(self, url: str) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            await self._probe(url)

    async def _probe(self, url: str) -> None:
        try:
            answer = await self._client.get(url + "/readyz", timeout=_PROBE_PATIENCE_SECONDS)
        except httpx.TimeoutException:
            return  # on a busy machine, perhaps: what it said last holds
        except httpx.TransportError:
            self._standing[url] = _GONE
        else:
            self._standing[url] = _READY if answer.is_success else _ANSWERS


class Clients:
    """Those who ask, and what became of it."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._statuses: Counter[str] = Counter()
        self._again = 0
        self._errors: list[str] = []
        self._milliseconds: list[float] = []

    async def ask(self, stop: asyncio.Event) -> None:
        """Ask until told to stop, and wait for the answers."""
        crowd = self._crowd
        async with asyncio.TaskGroup() as group:
            for urls, rate, one in (
                (crowd.redeem, crowd.redemptions_per_second, self._redeem),
                (crowd.mall, crowd.looks_per_second, self._look),
            ):
                if rate:
                    group.create_task(self._pace(urls, rate, one, stop))

    def tale(self, cpu_share: float) -> Tale:
        return Tale(
            statuses=self._statuses,
            again=self._again,
            errors=self._errors,
            milliseconds=sorted(self._milliseconds),
            cpu_share=cpu_share,
        )

    async def _pace(self, urls: Sequence[str], rate: int, one: Any, stop: asyncio.Event) -> None:
        start = monotonic()
        async with Balancer(urls).probing() as balancer, asyncio.TaskGroup() as group:
            for number in count():
                due = start + number / rate
                await asyncio.sleep(max(0, due - monotonic()))
                if stop.is_set():
                    return
                group.create_task(one(balancer, number, due))

    async def _redeem(self, balancer: Balancer, number: int, due: float) -> None:
        crowd = self._crowd
        path = f"/v1/members/{crowd.members[number % len(crowd.members)]}/redemptions"
        body = {"reward_id": crowd.reward, "quantity": 1, "confirm": True}
        headers = {**crowd.headers, "Idempotency-Key": f"key-{number}"}
        await self._sent(balancer, "POST", path, json=body, headers=headers)
        self._milliseconds.append((monotonic() - due) * 1e3)

    async def _look(self, balancer: Balancer, number: int, _due: float) -> None:
        path = f"/v1/members/{self._crowd.members[number % len(self._crowd.members)]}/account"
        await self._sent(balancer, "GET", path, headers=self._crowd.headers)

    async def _sent(self, balancer: Balancer, method: str, path: str, **options: Any) -> None:
        """Send a request; on a 503 once more, to another process."""
        try:
            url = balancer.choose()
            answer = await balancer.send(url, method, path, **options)
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                self._again += 1
                answer = await balancer.send(balancer.choose(url), method, path, **options)
        except httpx.TransportError as error:
            self._errors.append(f"{method} {path}: {error!r}")
            return
        self._statuses[f"{method} {answer.status_code}"] += 1
        if not answer.is_success:
            self._errors.append(f"{method} {path}: {answer.text}")


async def main() -> None:
    clients = Clients(Crowd.model_validate_json(sys.stdin.readline()))
    stop, start = asyncio.Event(), monotonic()
    asking = asyncio.create_task(clients.ask(stop))
    await asyncio.to_thread(sys.stdin.read)
    stop.set()
    await asking
    share = time.process_time() / (monotonic() - start)
    print(json.dumps(clients.tale(share).model_dump()))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
