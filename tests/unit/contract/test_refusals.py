"""What breaks the contract is refused with a reason, and with words its sender can act on."""

import json
import re

import pytest

from shared.contract.codec import MAX_VALUE_BYTES, ContractError, Record, decode
from shared.contract.types import INSTANT_PATTERN
from tests.contract.records import (
    ORDER,
    headers,
    order_record,
    record,
    refund_record,
    structured_record,
    with_headers,
    without_header,
)

GOOD = json.dumps(ORDER).encode()


def refusal(bad: Record) -> ContractError:
    with pytest.raises(ContractError) as caught:
        decode(bad)
    return caught.value


def line(**changed: object) -> dict[str, object]:
    return {"line_id": "1", "sku": "mug", "quantity": 1, "paid_minor": 100, **changed}


@pytest.mark.parametrize(
    ("bad", "reason", "detail"),
    [
        (record(None, headers()), "tombstone", "expected a value, got none"),
        (
            record(b" " * (2 * 1024 * 1024), headers()),
            "too-large",
            "expected at most 1048576 bytes, got 2097152",
        ),
        (
            record(GOOD, ()),
            "missing-attribute",
            "ce_specversion: expected text, got no such header",
        ),
        (
            without_header(order_record(), "ce_id"),
            "missing-attribute",
            "ce_id: expected text, got no such header",
        ),
        (
            record(GOOD, headers(ce_type=None)),
            "missing-attribute",
            "ce_type: expected text, got a header without value",
        ),
        (
            record(GOOD, headers(ce_source=b"\xff\x00")),
            "header-not-text",
            r"ce_source: expected UTF-8, got '\xff\x00'",
        ),
        (
            record(GOOD, headers(ce_id=b"")),
            "invalid-attribute",
            "ce_id: expected 1 to 255 characters without control characters, got ''",
        ),
        (
            record(GOOD, headers(ce_id=b"a\x00")),
            "invalid-attribute",
            r"ce_id: expected 1 to 255 characters without control characters, got 'a\x00'",
        ),
        (
            record(GOOD, headers(ce_specversion=b"0.3")),
            "invalid-attribute",
            "ce_specversion: expected 1.0, got '0.3'",
        ),
        (
            record(GOOD, headers("order.lost.v1")),
            "unknown-type",
            "expected one of orders.v1 (order.paid.v1, order.refunded.v1), got 'order.lost.v1'",
        ),
        (
            record(GOOD, headers(), topic="nowhere.v1"),
            "unknown-type",
            "expected one of nowhere.v1 (none), got 'order.paid.v1'",
        ),
        (
            structured_record(type=None),
            "missing-attribute",
            "type: expected text, got nothing",
        ),
        (structured_record(id=5), "invalid-attribute", "id: expected text, got 5"),
        (structured_record(data=None), "invalid-data", "data: expected an object, got null"),
        (
            structured_record(data_base64="%"),
            "invalid-data",
            "data_base64: expected base64, got '%'",
        ),
    ],
)
def test_reason_and_detail(bad: Record, reason: str, detail: str) -> None:
    error = refusal(bad)
    assert (error.reason, error.detail) == (reason, detail)
    assert error.outcome == "dead-letter"


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents-batch+json",
        b"application/cloudevents+avro; x=1",
        b"application/cloudevents",
    ],
)
def test_other_formats(content_type: bytes) -> None:
    bad = with_headers(structured_record(), ("content-type", content_type))
    assert refusal(bad).reason == "unsupported-content-type"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf" + GOOD,
        GOOD + b"x",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"lines":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"member_id":"\\ud800"}',
        b'{"member_id":"\xed\xa0\x80"}',
        b'{"a":' + b"9" * 5_000 + b"}",
        GOOD[:-1] + b',"unknown":NaN}',
        GOOD[:-1] + b',"unknown":-Infinity}',
        b"{'order_id': 1}",
    ],
)
def test_not_json(value: bytes) -> None:
    assert refusal(record(value, headers())).reason == "not-json"
    told = (("content-type", b"application/cloudevents+json"),)
    assert refusal(record(value, told)).reason == "not-json"


@pytest.mark.parametrize("value", [b"null", b"5", b'"text"', b"[]", b"true", b"[[]]"])
def test_json_that_is_no_object(value: bytes) -> None:
    binary = refusal(record(value, headers()))
    assert binary.reason == "invalid-data"
    assert binary.detail.startswith("data: expected an object, got ")
    told = (("content-type", b"application/cloudevents+json"),)
    structured = refusal(record(value, told))
    assert structured.reason == "invalid-data"
    assert structured.detail.startswith("event: expected an object, got ")


WORDS_FOR_MINOR = "expected an integer from 0 to 1000000000000"
WORDS_FOR_ID = "expected 1 to 64 characters of A-Za-z0-9._:@-"
WORDS_FOR_TIME = "expected an RFC 3339 time with a zone, as in 2026-01-31T09:30:00+08:00"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-5, "-5"),
        (10**12 + 1, "1000000000001"),
        (10**18, "1000000000000000000"),
        (10**200, "a number out of all bounds"),
        (1.5, "1.5"),
        (100.0, "100.0"),
        (True, "true"),
        (None, "null"),
        ("100", "'100'"),
        ([1], "a list"),
        ({"a": 1}, "an object"),
    ],
)
def test_amounts(value: object, shown: str) -> None:
    error = refusal(order_record(lines=[line(paid_minor=value)]))
    assert error.detail == f"lines.0.paid_minor: {WORDS_FOR_MINOR}, got {shown}"


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999", b"1e2", b"1E+2"])
def test_numbers_that_are_no_integers(number: bytes) -> None:
    value = json.dumps({**ORDER, "shipping_minor": 77}).encode().replace(b"77", number)
    assert refusal(record(value, headers())).reason in {"invalid-data", "not-json"}
    envelope = b'{"specversion":"1.0","id":"1","source":"/","type":"order.paid.v1","data":'
    told = (("content-type", b"application/cloudevents+json"),)
    error = refusal(record(envelope + value + b"}", told))
    assert error.reason in {"invalid-data", "not-json"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", "''"),
        ("a b", "'a b'"),
        ("a/b", "'a/b'"),
        ("m\n", r"'m\n'"),
        ("m\u0000", r"'m\x00'"),
        ("成员", r"'\u6210\u5458'"),
        ("x" * 65, f"'{'x' * 60}'… (65 characters)"),
        ("x" * 5_000, f"'{'x' * 60}'… (5000 characters)"),
        (7, "7"),
    ],
)
def test_ids(value: object, shown: str) -> None:
    assert refusal(order_record(member_id=value)).detail == (
        f"member_id: {WORDS_FOR_ID}, got {shown}"
    )


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T09:30:00",
        "2026-01-31",
        "2026-01-31 09:30:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-31T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-01-31T09:30:00+24:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "1769823001",
        1_769_823_000,
        "\uff12026-01-31T09:30:00Z",
        "2026-01-31T09:30:00.Z",
        "2026-01-31T09:30:00Z\n",
        None,
    ],
)
def test_times(value: object) -> None:
    detail = refusal(order_record(paid_at=value)).detail
    assert detail.startswith(f"paid_at: {WORDS_FOR_TIME}, got ")


@pytest.mark.parametrize(
    "clock", ["24:00:00Z", "23:59:60Z", "09:60:00Z", "09:30:00+24:00", "09:30:00+08:60"]
)
def test_what_no_clock_shows_is_not_promised_either(clock: str) -> None:
    """The schemas publish the pattern: what it takes is to be taken."""
    assert re.fullmatch(INSTANT_PATTERN, f"2016-12-31T{clock}") is None
    assert re.fullmatch(INSTANT_PATTERN, "2016-12-31T09:30:00+08:00")


@pytest.mark.parametrize(
    ("lines", "detail"),
    [
        ([], "lines: expected at least 1 item, got none"),
        ([line()] * 1_001, "lines: expected at most 1000 items"),
        ([line(), line()], "lines: expected each line_id once"),
        (
            [line(paid_minor=10**12), line(line_id="2")],
            "lines: expected lines of at most 1000000000000 together",
        ),
        ({}, "lines: expected a list, got an object"),
        ("1", "lines: expected a list, got '1'"),
        ([7], "lines.0: expected an object, got 7"),
        ([line(quantity=0)], "lines.0.quantity: expected an integer from 1 to 1000000000, got 0"),
        (
            [line(sku="a\u0000")],
            "lines.0.sku: expected 1 to 64 characters without control characters, got 'a\\x00'",
        ),
    ],
)
def test_lines(lines: object, detail: str) -> None:
    assert refusal(order_record(lines=lines)).detail == detail


def test_a_thousand_lines_are_fine() -> None:
    lines = [line(line_id=str(number)) for number in range(1_000)]
    assert decode(order_record(lines=lines)).type == "order.paid.v1"


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({}, "data: expected exactly one of lines and amount_minor"),
        (
            {"amount_minor": 1, "lines": [{"line_id": "1", "paid_minor": 1}]},
            "data: expected exactly one of lines and amount_minor",
        ),
        ({"lines": [{"line_id": "1", "paid_minor": 1}] * 2}, "lines: expected each line_id once"),
        ({"amount_minor": -1}, f"amount_minor: {WORDS_FOR_MINOR}, got -1"),
    ],
)
def test_refunds(fields: dict[str, object], detail: str) -> None:
    assert refusal(refund_record(**fields)).detail == detail


def test_findings_are_listed_up_to_the_first_bad_line() -> None:
    lines = [line(), line(line_id="2", paid_minor=-1, quantity=0), line(sku=5)]
    error = refusal(order_record(currency="yuan", lines=lines, order_id=None))
    assert error.detail.splitlines() == [
        f"order_id: {WORDS_FOR_ID}, got null",
        "currency: expected three capital letters, as in CNY, got 'yuan'",
        "lines.1.quantity: expected an integer from 1 to 1000000000, got 0",
        f"lines.1.paid_minor: {WORDS_FOR_MINOR}, got -1",
    ]


def test_many_findings_are_counted() -> None:
    worst = dict.fromkeys(["line_id", "sku", "category", "quantity", "paid_minor"], -1)
    junk = dict.fromkeys([*ORDER, "shipping_minor", "channel", "device_id"], -1)
    shown = refusal(order_record(**{**junk, "lines": [worst]})).detail.splitlines()
    assert len(shown) == 11
    assert shown[-1] == "and 2 more"


@pytest.mark.parametrize("item", [{}, 0, {"line_id": 1}])
def test_a_megabyte_of_bad_lines_is_refused_at_the_first(item: object) -> None:
    count = 1_000_000 // (len(json.dumps(item)) + 2)
    error = refusal(order_record(lines=[item] * count))
    assert error.reason == "invalid-data"
    assert all(told.startswith("lines.0") for told in error.detail.splitlines())


def test_missing_field() -> None:
    value = json.dumps({key: told for key, told in ORDER.items() if key != "order_id"}).encode()
    assert refusal(record(value, headers())).detail == "order_id: expected a value, got nothing"


def test_structured_event_without_data() -> None:
    told = structured_record()
    envelope = json.loads(told.value or b"")
    del envelope["data"]
    bad = record(json.dumps(envelope).encode(), told.headers)
    assert refusal(bad).detail == "data: expected an object, got nothing"


def test_largest_value_is_read() -> None:
    assert decode(record(GOOD.ljust(MAX_VALUE_BYTES), headers())).id == "evt-1"
    assert refusal(record(GOOD.ljust(MAX_VALUE_BYTES + 1), headers())).reason == "too-large"
