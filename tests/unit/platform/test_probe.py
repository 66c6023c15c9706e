"""A probe says well only of an address that answers with success."""

import asyncio
import re

import pytest

from shared.platform import probe


@pytest.mark.parametrize(
    ("answer", "told", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nok", 0, ""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0, ""),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", 1, "503 Service Unavailable"),
        (b"", 1, ""),
    ],
)
async def test_it_tells_success_from_all_else(
    answer: bytes, told: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/readyz"
        assert await asyncio.to_thread(probe.main, url) == told
    assert why in capsys.readouterr().err
    assert re.match(rb"GET /readyz HTTP/1\.0\r\nHost: 127\.0\.0\.1:\d+\r\n", asked[0])


def test_nobody_there_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main("http://127.0.0.1:1/readyz") == 1
    assert "refused" in capsys.readouterr().err
