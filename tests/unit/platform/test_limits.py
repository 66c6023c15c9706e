"""What a connection may send, on the real server over raw sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from shared.platform.auth.guards import any_caller
from shared.platform.clock import monotonic
from shared.platform.health import Readiness
from shared.platform.http import Server, create_app
from shared.platform.limits import MAX_BODY_BYTES, MAX_HEAD_BYTES
from shared.platform.metrics import Metrics
from tests.support.tokens import token, verifier

ALLOWED_SECONDS = 0.5
TOKEN = f"Authorization: Bearer {token('service')}\r\n"
HEAD = f"POST /take?secret=1 HTTP/1.1\r\nHost: x\r\n{TOKEN}"
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n"
LATER = "POST /later HTTP/1.1\r\nHost: x\r\n" + TOKEN


class Said(NamedTuple):
    """An answer, and how long the server took to close."""

    status: int
    body: bytes
    seconds: float

    @property
    def code(self) -> str:
        code: str = json.loads(self.body)["code"]
        return code


class Served(NamedTuple):
    port: int
    done: list[int]

    async def tell(self, *pieces: str | bytes, pause: float = 0.0) -> Said:
        """Send pieces, and return what came until the server closed."""
        async with self.connected() as (reader, writer):
            began = monotonic()
            for piece in pieces:
                writer.write(piece.encode() if isinstance(piece, str) else piece)
                await asyncio.sleep(pause)
            return _read(await reader.read(), monotonic() - began)

    @asynccontextmanager
    async def connected(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def _read(came: bytes, seconds: float) -> Said:
    head, _, body = came.partition(b"\r\n\r\n")
    return Said(int(head.split()[1]) if head else 0, body, seconds)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    metrics = Metrics(CollectorRegistry(), "test")
    app = create_app(Readiness({}), metrics, version="1", verifier=verifier())
    done: list[int] = []

    @app.post("/take", dependencies=[Depends(any_caller)])
    async def take(request: Request) -> int:
        size = len(await request.body())
        done.append(size)
        return size

    @app.post("/later", dependencies=[Depends(any_caller)])
    async def later() -> int:
        await asyncio.sleep(ALLOWED_SECONDS * 2)
        done.append(-1)
        return 0

    server = Server(app, host="127.0.0.1", port=0, request_seconds=ALLOWED_SECONDS)
    await server.start()
    yield Served(int(server.url.rpartition(":")[2]), done)
    await server.stop()


def sized(size: int) -> str:
    return f"{HEAD}Content-Length: {size}\r\n\r\n"


async def test_the_largest_body_is_taken(served: Served) -> None:
    close = HEAD + "Connection: close\r\n"
    body = b"x" * MAX_BODY_BYTES
    said = await served.tell(f"{close}Content-Length: {MAX_BODY_BYTES}\r\n\r\n", body)
    assert (said.status, said.body) == (200, b"65536")
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    said = await served.tell(f"{close}Transfer-Encoding: chunked\r\n\r\n", chunks)
    assert (said.status, said.body) == (200, b"65536")


async def test_a_body_announced_too_large_is_refused_before_it_comes(served: Served) -> None:
    said = await served.tell(sized(MAX_BODY_BYTES + 1))
    assert (said.status, said.code) == (413, "too-large")
    assert json.loads(said.body)["instance"] == "/take"
    assert served.done == []


async def test_a_large_body_sent_at_once_hears_why(served: Served) -> None:
    said = await served.tell(sized(4_000_000), b"x" * 4_000_000)
    assert (said.status, said.code) == (413, "too-large")
    assert served.done == []


async def test_chunks_without_end_are_refused(served: Served) -> None:
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    said = await served.tell(CHUNKED, *[chunk] * 40)
    assert (said.status, said.code) == (413, "too-large")
    assert served.done == []


async def test_a_slow_body_is_refused_in_time(served: Served) -> None:
    said = await served.tell(sized(100), "x", "x", "x", pause=0.1)
    assert (said.status, said.code) == (408, "too-slow")
    assert ALLOWED_SECONDS - 0.1 < said.seconds < ALLOWED_SECONDS + 5
    assert served.done == []


async def test_dripping_does_not_buy_time(served: Served) -> None:
    said = await served.tell(sized(100), *["x"] * 12, pause=0.1)
    assert (said.status, said.code) == (408, "too-slow")
    assert served.done == []


async def test_headers_and_body_share_the_time(served: Served) -> None:
    lines = [HEAD, *["X-More: 1\r\n"] * 3, "Content-Length: 9\r\n\r\n", "x", "x", "x", "x"]
    assert (await served.tell(*lines, pause=0.1)).status == 408
    assert (await served.tell("POST /take HTTP/1.1\r\nX-Slow: ")).status == 408


@pytest.mark.parametrize("sent", ["", "\r\n"])
async def test_silence_is_closed(served: Served, sent: str) -> None:
    said = await served.tell(sent)
    assert said.status in {0, 408}
    assert said.seconds < ALLOWED_SECONDS + 5


async def test_a_head_without_end_is_refused(served: Served) -> None:
    said = await served.tell(HEAD + "X-Long: ", *[b"x" * 10_000] * 6)
    assert (said.status, said.code) == (431, "too-large")
    said = await served.tell(f"{HEAD}X-Long: {'x' * MAX_HEAD_BYTES}\r\n\r\n")
    assert (said.status, said.code) == (431, "too-large")
    assert len(said.body) < 1_000


@pytest.mark.parametrize(
    "sent",
    [
        "nonsense\r\n\r\n",
        f"{HEAD}Content-Length: x\r\n\r\n",
        f"{HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        f"{CHUNKED}zz\r\n",
    ],
)
async def test_what_is_no_request_is_refused(served: Served, sent: str) -> None:
    said = await served.tell(sent)
    assert (said.status, said.code) == (400, "malformed-request")
    assert served.done == []


async def test_an_answer_in_work_has_its_own_time(served: Served) -> None:
    said = await served.tell(f"{LATER}Content-Length: 0\r\nConnection: close\r\n\r\n")
    assert said.status == 200
    assert served.done == [-1]


async def test_each_request_of_a_connection_has_its_time(served: Served) -> None:
    async with served.connected() as (reader, writer):
        for _ in range(4):
            writer.write((sized(1) + "x").encode())
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(1) == b"1"
            await asyncio.sleep(ALLOWED_SECONDS / 2)
        writer.write(sized(2).encode() + b"x")
        assert (await reader.read()).startswith(b"HTTP/1.1 408")
    assert served.done == [1] * 4


async def test_without_a_token_nothing_is_waited_for(served: Served) -> None:
    """The refusal comes before the body; the rest of it may come, but neither slow nor large."""
    head = "POST /take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with served.connected() as (reader, writer):
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 401")
        assert (await reader.read()).count(b"HTTP/1.1") == 0
    said = await served.tell(head, b"20000\r\n" + b"x" * 0x20000)
    assert said.status in {401, 413}
    assert served.done == []


async def test_requests_in_a_row_are_answered_in_a_row(served: Served) -> None:
    said = await served.tell(
        f"{LATER}Content-Length: 0\r\n\r\n{sized(1)}x{HEAD}Content-Length: 0\r\n"
        "Connection: close\r\n\r\n"
    )
    assert said.status == 200
    assert said.body.count(b"HTTP/1.1 200") == 2
    assert served.done == [-1, 1, 0]


async def test_a_bad_request_behind_another_gets_no_answer_of_that(served: Served) -> None:
    said = await served.tell(f"{LATER}Content-Length: 0\r\n\r\n{sized(MAX_BODY_BYTES + 1)}")
    assert said.status == 0


async def test_a_refused_connection_does_not_hold_up_the_end(served: Served) -> None:
    async with served.connected() as (reader, writer):
        writer.write(sized(MAX_BODY_BYTES + 1).encode())
        assert (await reader.read()).startswith(b"HTTP/1.1 413")
        for _ in range(20):
            writer.write(b"x" * 1_000)
