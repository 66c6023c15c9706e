"""What stands in front of the processes of a service, and its clients: a program of their own.

Run as `python -m tests.chaos.balancer`, told on its first line of input what a `Crowd` is. Until
its input ends it asks at a steady rate, whatever becomes of what it asked; then it prints a `Tale`.

Threads and the standard library's client: a pooled asynchronous one takes more CPU than what it
asks as soon as many requests are under way, and the two share their cores.
"""

import contextlib
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from itertools import count, cycle
from threading import Event
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from shared.platform.clock import monotonic

PROBE_SECONDS = 0.2
"""How often each process is asked whether it is ready; a drain takes several times as long."""

MOST_AT_ONCE = 300
"""Requests under way; those beyond wait for their turn, which counts as part of their latency."""

_PATIENCE_SECONDS = 30.0
_PROBE_PATIENCE_SECONDS = 1.0
_KEEP_SECONDS = 2.0
"""A connection that was idle for longer is not used again: its server may be closing it."""

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


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: str | None = None


class Answer(NamedTuple):
    status: int
    text: str

    @property
    def is_success(self) -> bool:
        return self.status // 100 == 2


@contextmanager
def running(works: Sequence[Callable[[Event], None]]) -> Iterator[None]:
    """Run each in a thread that is told when the context ends; what one raises is raised then."""
    ended = Event()
    with ThreadPoolExecutor(len(works)) as pool:
        threads = [pool.submit(work, ended) for work in works]
        try:
            yield
        finally:
            ended.set()
    for thread in threads:
        thread.result()


class Connections:
    """Kept connections by address; the one that was used last is taken first."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._kept: defaultdict[str, list[tuple[HTTPConnection, float]]] = defaultdict(list)

    def send(self, address: str, request: Request) -> Answer:
        """Ask, and wait for the answer; raises OSError or HTTPException."""
        connection = self._fresh(address) or HTTPConnection(address, timeout=self._patience_seconds)
        try:
            connection.request(request.method, request.path, request.body, request.headers)
            answer = connection.getresponse()
            told = Answer(answer.status, answer.read().decode())
        except BaseException:
            connection.close()
            raise
        self._kept[address].append((connection, monotonic()))
        return told

    def _fresh(self, address: str) -> HTTPConnection | None:
        with contextlib.suppress(IndexError):
            while True:
                connection, used_at = self._kept[address].pop()
                if monotonic() - used_at < _KEEP_SECONDS:
                    return connection
                connection.close()
        return None


class Balancer:
    """Sends each request to the next process that said it was ready when it was asked last.

    Where none did it fails open, as the usual ones do: to the next that answers at all.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._standing = dict.fromkeys(addresses, _GONE)
        self._turns = cycle(addresses)
        self._connections = Connections(_PATIENCE_SECONDS)
        self._probes = Connections(_PROBE_PATIENCE_SECONDS)

    @contextmanager
    def probing(self) -> Iterator["Balancer"]:
        """Ask the processes again and again, as long as the context lasts."""
        for address in self._standing:
            self._probe(address)
        with running([partial(self._watch, address) for address in self._standing]):
            yield self

    def choose(self, but: str | None = None) -> str:
        """Return the next of the best there are, but one that has just refused."""
        standing = {address: at for address, at in self._standing.items() if address != but}
        best = max(standing.values())
        return next(one for one in self._turns if standing.get(one) == best)

    def send(self, address: str, request: Request) -> Answer:
        return self._connections.send(address, request)

    def _watch(self, address: str, ended: Event) -> None:
        while not ended.wait(PROBE_SECONDS):
            self._probe(address)

    def _probe(self, address: str) -> None:
        try:
            answer = self._probes.send(address, Request("GET", "/readyz", {}))
        except TimeoutError:
            return  # on a busy machine, perhaps: what it said last holds
        except (OSError, HTTPException):
            self._standing[address] = _GONE
        else:
            self._standing[address] = _READY if answer.is_success else _ANSWERS


class Clients:
    """Those who ask, and what became of it."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        # Threads append to lists, which is safe; what is counted is counted at the end.
        self._statuses: list[str] = []
        self._refused: list[str] = []
        self._errors: list[str] = []
        self._milliseconds: list[float] = []

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask as long as the context lasts, and wait for the answers."""
        crowd = self._crowd
        paces = [
            partial(self._pace, addresses, rate, one)
            for addresses, rate, one in (
                (crowd.redeem, crowd.redemptions_per_second, self._redeem),
                (crowd.mall, crowd.looks_per_second, self._look),
            )
            if rate
        ]
        with running(paces):
            yield

    def tale(self, cpu_share: float) -> Tale:
        return Tale(
            statuses=Counter(self._statuses),
            again=len(self._refused),
            errors=self._errors,
            milliseconds=sorted(self._milliseconds),
            cpu_share=cpu_share,
        )

    def _pace(
        self,
        addresses: Sequence[str],
        rate: int,
        one: Callable[[Balancer, int, float], None],
        stop: Event,
    ) -> None:
        start = monotonic()
        with Balancer(addresses).probing() as balancer, ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            for number in count():
                due = start + number / rate
                if stop.wait(max(0, due - monotonic())):
                    return
                pool.submit(one, balancer, number, due).add_done_callback(self._ended)

    def _ended(self, asked: "Future[None]") -> None:
        """What nobody reckoned with is an error of the tale as well, not lost with its thread."""
        if (error := asked.exception()) is not None:
            self._errors.append(repr(error))

    def _redeem(self, balancer: Balancer, number: int, due: float) -> None:
        crowd = self._crowd
        path = f"/v1/members/{crowd.members[number % len(crowd.members)]}/redemptions"
        body = {"reward_id": crowd.reward, "quantity": 1, "confirm": True}
        headers = {**crowd.headers, "Idempotency-Key": f"key-{number}"}
        headers["Content-Type"] = "application/json"
        self._sent(balancer, Request("POST", path, headers, json.dumps(body)))
        self._milliseconds.append((monotonic() - due) * 1e3)

    def _look(self, balancer: Balancer, number: int, _due: float) -> None:
        path = f"/v1/members/{self._crowd.members[number % len(self._crowd.members)]}/account"
        self._sent(balancer, Request("GET", path, self._crowd.headers))

    def _sent(self, balancer: Balancer, request: Request) -> None:
        """Send a request; on a 503 once more, to another process."""
        try:
            address = balancer.choose()
            answer = balancer.send(address, request)
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                self._refused.append(address)
                answer = balancer.send(balancer.choose(address), request)
        except (OSError, HTTPException) as error:
            self._errors.append(f"{request.method} {request.path}: {error!r}")
            return
        self._statuses.append(f"{request.method} {answer.status}")
        if not answer.is_success:
            self._errors.append(f"{request.method} {request.path}: {answer.text}")


def main() -> None:
    clients = Clients(Crowd.model_validate_json(sys.stdin.readline()))
    start = monotonic()
    with clients.asking():
        sys.stdin.read()
    share = time.process_time() / (monotonic() - start)
    print(clients.tale(share).model_dump_json())  # noqa: T201


if __name__ == "__main__":
    main()
