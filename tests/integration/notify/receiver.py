"""A webhook's receiver that answers as it is told: in time, late, never, or with nonsense."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from shared.platform.clock import monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def data(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a request is answered; `how` may be `hang`, `reset` or `drip` instead."""

    status: int = 204
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    after_seconds: float = 0.0
    how: str = "answer"


OK = Reply()


@dataclass(slots=True, kw_only=True)
class Receiver:
    """What was received, and what is answered: by how often the message came before."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request, int], Reply] = lambda _request, _before: OK
    most_at_once: int = 0
    _at_once: int = 0
    _came: Counter[str] = field(default_factory=Counter)

    @property
    def ids(self) -> list[str]:
        return [one.data["id"] for one in self.requests]

    async def until(self, requests: int) -> None:
        async with asyncio.timeout(30):
            while len(self.requests) < requests:  # noqa: ASYNC110 - looked at only
                await asyncio.sleep(0.01)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while (request := await _read(reader)) is not None:
                came = request.data["id"]
                before, self._came[came] = self._came[came], self._came[came] + 1
                self.requests.append(request)
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                try:
                    await _write(writer, self.answer(request, before))
                finally:
                    self._at_once -= 1
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(receiver.serve(reader, writer))
        handlers.add(task)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/jifen"
    try:
        yield receiver
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    line = await reader.readline()
    if not line:
        return None
    headers: dict[str, str] = {}
    while (header := (await reader.readline()).strip()) != b"":
        name, _, value = header.decode().partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers["content-length"]))
    return Request(path=line.split()[1].decode(), headers=headers, body=body, at=monotonic())


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
    if reply.how == "hang":
        await asyncio.sleep(3_600)
    if reply.how == "reset":
        writer.transport.abort()
        return
    await asyncio.sleep(reply.after_seconds)
    length = 10**9 if reply.how == "drip" else len(reply.body)
    headers = [("content-length", str(length)), *reply.headers]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    writer.write(f"HTTP/1.1 {reply.status} Word\r\n{head}\r\n".encode() + reply.body)
    while reply.how == "drip":
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)
    await writer.drain()
