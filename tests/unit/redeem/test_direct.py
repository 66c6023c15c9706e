"""What the direct route reads itself is what the framework would have read; the rest it leaves."""

import pytest

from services.redeem.direct import Plain, read

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
