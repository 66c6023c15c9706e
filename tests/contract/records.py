"""Records for tests, good unless told otherwise."""

import json

from shared.contract.codec import Record

Headers = tuple[tuple[str, bytes | None], ...]

ORDER: dict[str, object] = {
    "order_id": "o-1",
    "member_id": "m-1",
    "paid_at": "2026-01-31T09:30:00+08:00",
    "currency": "CNY",
    "lines": [
        {"line_id": "1", "sku": "mug", "category": "home", "quantity": 2, "paid_minor": 5990},
        {"line_id": "2", "sku": "tee", "quantity": 1, "paid_minor": 12900},
    ],
}
REFUND: dict[str, object] = {
    "refund_id": "r-1",
    "order_id": "o-1",
    "member_id": "m-1",
    "refunded_at": "2026-02-01T00:00:00Z",
}
ENVELOPE: dict[str, object] = {
    "specversion": "1.0",
    "id": "evt-1",
    "source": "/shop",
    "type": "order.paid.v1",
}


def headers(type_name: str = "order.paid.v1", **changed: bytes | None) -> Headers:
    """Return binary-mode headers; name ce_ headers to change them, None for no value."""
    plain: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": b"evt-1",
        "ce_source": b"/shop",
        "ce_type": type_name.encode(),
        "content-type": b"application/json",
    }
    return tuple({**plain, **changed}.items())


def record(value: bytes | None, told: Headers, topic: str = "orders.v1") -> Record:
    """Return a record of these bytes."""
    return Record(
        topic=topic,
        partition=3,
        offset=42,
        timestamp_ms=1_770_000_000_000,
        key=b"m-1",
        value=value,
        headers=told,
    )


def order_record(**changed: object) -> Record:
    """Return a paid order in binary mode with some fields changed."""
    return record(json.dumps({**ORDER, **changed}).encode(), headers())


def refund_record(**changed: object) -> Record:
    """Return a refund in binary mode with some fields added or changed."""
    return record(json.dumps({**REFUND, **changed}).encode(), headers("order.refunded.v1"))


def structured_record(**changed: object) -> Record:
    """Return a paid order in structured mode with some attributes changed."""
    envelope = {**ENVELOPE, "data": ORDER, **changed}
    told: Headers = (("content-type", b"application/cloudevents+json; charset=utf-8"),)
    return record(json.dumps(envelope).encode(), told)


def with_headers(good: Record, *more: tuple[str, bytes | None]) -> Record:
    """Return the record with headers added."""
    return good._replace(headers=good.headers + more)


def without_header(good: Record, name: str) -> Record:
    """Return the record with a header missing."""
    return good._replace(headers=tuple(pair for pair in good.headers if pair[0] != name))
