"""Records that no honest sender makes, among honest ones: bytes put together by hand."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from typing_extensions import override

from tests.support.model import encode

Header = tuple[str, bytes | None]

CODECS: Mapping[str | None, int] = {None: 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


class OddName(str):
    """A header's name whose bytes are no UTF-8."""

    __slots__ = ()

    @override
    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"n\xfdme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange:
    """A record, the reason it is refused for, and words its detail must have; or a good one."""

    name: str
    value: bytes | None
    headers: tuple[Header, ...]
    reason: str | None = None
    words: str = ""


def good(data: Mapping[str, Any], *more: Header, event_type: str = "order.paid.v1") -> Strange:
    _, value, headers = encode(event_type, dict(data), f"e-{data.get('order_id')}")
    return Strange(name="good", value=value, headers=(*headers, *more))


async def send_batch(
    bootstrap: str,
    topic: str,
    partition: int,
    records: Iterable[Strange],
    *,
    codec: str | None = None,
) -> int:
    """Send records as one batch, which a client would refuse to make; return its base offset."""
    builder = _DefaultRecordBatchBuilderPy(
        magic=2,
        compression_type=CODECS[codec],
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=3_500_000,
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=4_000_000)
    await producer.start()
    try:
        batch = producer.create_batch()
        batch._builder = builder
        for record in records:
            sent = batch.append(
                timestamp=None, key=b"k", value=record.value, headers=list(record.headers)
            )
            assert sent is not None, "the batch is full"
        future = await producer.send_batch(batch, topic, partition=partition)
        return int((await future).offset)
    finally:
        await producer.stop()


def bad_records(order: Mapping[str, Any]) -> Sequence[Strange]:
    """Make one record of each kind of bad input from a good order."""
    value, headers = good(order).value, good(order).headers
    assert value is not None
    return [
        *_bad_bytes(headers),
        *_bad_headers(value, headers),
        *[_bad_data(order, *case) for case in _cases(order)],
    ]


def _bad_bytes(headers: tuple[Header, ...]) -> list[Strange]:
    bodies: list[tuple[str, bytes | None, str, str]] = [
        ("no JSON", b"\x00\xff\xfe order", "not-json", ""),
        ("empty", b"", "not-json", ""),
        ("cut short", b'{"order_id": "o', "not-json", ""),
        ("tombstone", None, "tombstone", "expected a value"),
        ("two megabytes", b'"' + b"x" * 2_000_000 + b'"', "too-large", "1048576"),
        ("nested brackets", b"[" * 100_000, "not-json", ""),
        ("a list", b"[1, 2, 3]", "invalid-data", "expected an object, got a list"),
        ("null", b"null", "invalid-data", "expected an object, got null"),
        ("not a number", b'{"amount": NaN}', "not-json", ""),
    ]
    return [
        Strange(name=name, value=value, headers=headers, reason=reason, words=words)
        for name, value, reason, words in bodies
    ]


def _bad_headers(value: bytes, headers: tuple[Header, ...]) -> list[Strange]:
    kept = {name: tuple(h for h in headers if h[0] != name) for name, _ in headers}
    sets: list[tuple[str, tuple[Header, ...], str, str]] = [
        ("value no UTF-8", (*kept["ce_id"], ("ce_id", b"\xfe\xff")), "header-not-text", "ce_id"),
        ("no value", (*kept["ce_type"], ("ce_type", None)), "missing-attribute", "without value"),
        ("no type", kept["ce_type"], "missing-attribute", "no such header"),
        ("no headers", (), "missing-attribute", "ce_specversion"),
        (
            "unknown type",
            (*kept["ce_type"], ("ce_type", b"order.eaten.v9")),
            "unknown-type",
            "order.paid.v1",
        ),
        ("another version", (("ce_specversion", b"9"), *headers[1:]), "invalid-attribute", "1.0"),
        ("name no UTF-8", (*headers, (OddName("n"), b"1")), "unreadable-record", "\\xfd"),
    ]
    return [
        Strange(name=name, value=value, headers=own, reason=reason, words=words)
        for name, own, reason, words in sets
    ]


def _cases(order: Mapping[str, Any]) -> list[tuple[str, dict[str, Any], str, str]]:
    (line, *_) = order["lines"]
    time, data = "paid_at: expected an RFC 3339 time with a zone", "invalid-data"
    early, late = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
    return [
        ("wrong type", {"order_id": 12}, data, "order_id: expected"),
        ("text for lines", {"lines": "two"}, data, "lines: expected"),
        ("no lines", {"lines": []}, data, "lines: expected"),
        ("missing field", {"currency": ...}, data, "currency: expected a value, got nothing"),
        ("10^18", {"lines": [{**line, "paid_minor": 10**18}]}, data, "paid_minor: expected"),
        ("negative", {"lines": [{**line, "paid_minor": -1}]}, data, "paid_minor: expected"),
        ("fraction", {"lines": [{**line, "paid_minor": 9.5}]}, data, "got 9.5"),
        ("10^30", {"lines": [{**line, "quantity": 10**30}]}, data, "quantity: expected"),
        ("5,000 characters", {"order_id": "o" * 5_000}, data, "5000 characters"),
        ("NUL", {"lines": [{**line, "sku": "a\x00b"}]}, data, "sku: expected"),
        ("NUL in the member", {"member_id": "m\x00"}, data, "member_id: expected"),
        ("half a character", {"member_id": "\ud800"}, "not-json", ""),
        ("no zone", {"paid_at": "2025-01-01T10:00:00"}, data, time),
        ("no time", {"paid_at": "yesterday"}, data, time),
        ("30 February", {"paid_at": "2025-02-30T10:00:00Z"}, data, time),
        ("year 1", {"paid_at": early}, "time-out-of-range", "2000-01-01"),
        ("year 9999", {"paid_at": late}, "time-out-of-range", "9999-12-31"),
        ("before year 1", {"paid_at": "0001-01-01T00:00:00+14:00"}, data, time),
        ("another body", {"lines": [{**line, "paid_minor": 77}]}, "conflict", "fingerprint"),
    ]


def _bad_data(
    order: Mapping[str, Any], name: str, change: dict[str, Any], reason: str, words: str
) -> Strange:
    data = {key: value for key, value in {**order, **change}.items() if value is not ...}
    if name not in {"another body", "wrong type", "5,000 characters"}:
        # An order of its own, so that nothing but its fault can be the reason.
        data["order_id"] = f"bad-{abs(hash(name)) % 10**8}"
    value = json.dumps(data).encode()
    return Strange(name=name, value=value, headers=good(order).headers, reason=reason, words=words)
