"""What the direct route reads itself is what the framework would have read; the rest it leaves."""

from collections.abc import AsyncIterator

import pytest
from httpx import ASGITransport, AsyncClient
from prometheus_client import CollectorRegistry
from typing_extensions import override

from services.redeem.api import REQUESTS, Counter
from services.redeem.app import make_app
from services.redeem.direct import Plain, read
from services.redeem.domain.answer import Answer
from services.redeem.domain.quote import Quote
from shared.contract.wire import Wire
from shared.ledger.entries import MemberId
from shared.pipeline.command import APPLIED, Reply
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics
from tests.support.tokens import bearer, verifier

BODY = b'{"reward_id":"mug","quantity":2,"confirm":true}'
JSON = (b"content-type", b"application/json")
KEY = (b"idempotency-key", b"k1")
HEADERS = [(b"host", b"here"), JSON, KEY]


def test_a_plain_request_is_read() -> None:
    told = read("ann", [*HEADERS, (b"traceparent", b"00-1-2-3")], BODY)
    assert isinstance(told, Plain)
    assert (told.member_id, told.key, told.traceparent) == ("ann", "k1", "00-1-2-3")
    assert (told.body.reward_id, told.body.quantity, told.body.confirm) == ("mug", 2, True)
    short = read("ann", HEADERS, b'{"reward_id":"mug"}')
    assert short
    assert (short.body.quantity, short.body.confirm, short.traceparent) == (1, False, None)


@pytest.mark.parametrize(
    ("member", "headers", "body"),
    [
        ("a nn", HEADERS, BODY),
        ("", HEADERS, BODY),
        ("a" * 65, HEADERS, BODY),
        ("ann", [JSON], BODY),
        ("ann", [*HEADERS, KEY], BODY),
        ("ann", [JSON, (b"idempotency-key", b"a b")], BODY),
        ("ann", [JSON, (b"idempotency-key", b"")], BODY),
        ("ann", [JSON, (b"idempotency-key", b"k\n")], BODY),
        ("ann", [JSON, (b"idempotency-key", b"k" * 256)], BODY),
        ("ann", [JSON, (b"idempotency-key", b"\xe9")], BODY),
        ("ann", [*HEADERS, (b"traceparent", b"0" * 256)], BODY),
        ("ann", [KEY], BODY),
        ("ann", [KEY, (b"content-type", b"text/plain")], BODY),
        ("ann", HEADERS, b""),
        ("ann", HEADERS, b"\xff"),
        ("ann", HEADERS, b"[]"),
        ("ann", HEADERS, b'{"reward_id":"mug","more":1}'),
        ("ann", HEADERS, b'{"reward_id":"mug","quantity":"2"}'),
        ("ann", HEADERS, b'{"reward_id":"mug","quantity":0}'),
    ],
)
def test_what_is_not_plain_is_left_to_the_framework(
    member: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    assert read(member, headers, body) is None


class Echo(Counter):
    """Answers with what it was told."""

    @override
    async def tell(self, data: Wire, traceparent: str | None) -> Reply:
        told = {
            name: getattr(data, name) for name in ("member_id", "reward_id", "quantity", "confirm")
        }
        return Reply(APPLIED, told)

    @override
    async def quote(self, member_id: MemberId, reward_id: str, quantity: int) -> Quote:
        raise LookupError

    @override
    async def find(self, member_id: MemberId, redemption_id: str) -> Answer | None:
        raise LookupError


async def in_parts() -> AsyncIterator[bytes]:
    yield BODY[:9]
    yield BODY[9:]


async def test_a_request_is_answered_alike_on_both_ways() -> None:
    registry = CollectorRegistry()
    app = make_app(Echo(), Readiness({}), Metrics(registry, "redeem"), verifier())
    headers = {**bearer("member", "ann"), "Idempotency-Key": "k1"}
    json = {**headers, "Content-Type": "application/json"}
    path = REQUESTS.format(member_id="ann")
    async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as client:
        direct = await client.post(path, content=BODY, headers=json)
        framework = await client.post(path, content=in_parts(), headers=json)
        other_type = {**headers, "Content-Type": "application/json; charset=utf-8"}
        framework_too = await client.post(path, content=BODY, headers=other_type)
        foreign = await client.post(REQUESTS.format(member_id="bob"), content=BODY, headers=json)
    assert direct.status_code == 201
    told = {"member_id": "ann", "reward_id": "mug", "quantity": 2, "confirm": True}
    assert direct.json() == told
    for answer in (framework, framework_too):
        assert (answer.status_code, answer.content) == (201, direct.content)
        assert answer.headers == direct.headers
    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")
    counted = registry.get_sample_value(
        "http_server_request_duration_seconds_count",
        {"method": "POST", "route": REQUESTS, "status_class": "2xx"},
    )
    assert counted == 3
