"""Bodies of commands: exactly what is known, and a refusal that says what is not."""

import json
from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest
from fastapi import FastAPI

from shared.contract.types import Id, Instant
from shared.platform.commands import Command, CommandBody
from shared.platform.problem import answer_with_problems

GOOD = '{"member_id": "m-1", "at": "2026-01-01T00:00:00Z", "lines": [{"count": 1}]}'


class Line(CommandBody):
    count: int


class Cart(CommandBody):
    member_id: Id
    at: Instant
    lines: tuple[Line, ...]
    day: date | None = None


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    answer_with_problems(app)

    @app.post("/carts/{number}")
    async def take(number: int, cart: Command[Cart], limit: Id = "1") -> list[str]:
        return [str(number), cart.at.isoformat(), str(cart.lines[0].count), limit]

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=headers
    ) as client:
        yield client


async def test_json_is_read_as_json(client: httpx.AsyncClient) -> None:
    answer = await client.post("/carts/1", content=GOOD)
    assert answer.json() == ["1", "2026-01-01T00:00:00+00:00", "1", "1"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (GOOD.replace('"at"', '"amout": 1, "at"'), "body.amout: Extra inputs"),
        (GOOD.replace('"count"', '"x": 1, "count"'), "body.lines.0.x: Extra inputs"),
        (GOOD.replace('"count": 1', '"count": 1.0'), "body.lines.0.count: Input should be"),
        (GOOD.replace('"count": 1', '"count": "1"'), "body.lines.0.count: Input should be"),
        (GOOD.replace('"count": 1', '"count": true'), "body.lines.0.count: Input should be"),
        (GOOD.replace('"count": 1', '"count": NaN'), "body.lines.0.count: Input should be"),
        (GOOD.replace("m-1", "m 1"), "body.member_id: 1 to 64 characters"),
        (GOOD.replace("m-1", "\\ud800"), "body: Input should be text"),
        ("{}", "body.member_id: Field required"),
        ("[]", "body: "),
        ("null", "body: "),
        ("{", "body.1: JSON decode error"),
        ("", "body: Field required"),
        ('{"\\ud800": 1}', "body: Input should be text"),
        (json.dumps({"a" * 50_000: 1}), "Extra inputs"),
        (json.dumps(dict.fromkeys(map(str, range(4_000)))), "and 3993 more"),
    ],
    ids=range(16),
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, body: str, said: str) -> None:
    answer = await client.post("/carts/1", content=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert len(answer.content) < 2_000


@pytest.mark.parametrize("body", [b"\xff\xfe\xfd", b"[" * 50_000, b"9" * 50_000])
async def test_what_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post("/carts/1", content=body)).status_code in {400, 422}


async def test_a_body_must_say_that_it_is_json(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "text/plain"}
    assert (await client.post("/carts/1", content=GOOD, headers=headers)).status_code == 422


@pytest.mark.parametrize("path", ["/carts/one", "/carts/1.5", "/carts/1?limit=a%20b"])
async def test_what_is_no_id_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(path, content=GOOD)).status_code == 422
