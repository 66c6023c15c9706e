"""Good events are read whatever surrounds them."""

import base64
import json
from datetime import UTC, datetime

import pytest

from shared.contract.codec import Event, decode, encode_binary, encode_structured
from shared.contract.orders import OrderPaid, OrderRefunded
from shared.contract.parking import EventAbandoned
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

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_event_is_read() -> None:
    told = with_headers(
        order_record(),
        ("ce_time", b"2026-01-31T09:30:01.5+08:00"),
        ("ce_subject", "订单".encode()),
        ("traceparent", TRACE.encode()),
    )
    event = decode(told)
    assert (event.id, event.source, event.type) == ("evt-1", "/shop", "order.paid.v1")
    assert event.time == datetime(2026, 1, 31, 1, 30, 1, 500_000, tzinfo=UTC)
    assert (event.subject, event.traceparent) == ("订单", TRACE)
    assert isinstance(event.data, OrderPaid)
    assert event.data.occurred_at == datetime(2026, 1, 31, 1, 30, tzinfo=UTC)
    assert event.data.paid_at.tzinfo is UTC
    assert [line.category for line in event.data.lines] == ["home", None]


def test_both_modes_say_the_same() -> None:
    assert decode(structured_record()) == decode(order_record())


def test_all_attributes_come_back() -> None:
    event = decode(order_record())._replace(
        time=datetime(2026, 1, 31, 1, 30, 0, 123_456, tzinfo=UTC),
        subject="o-1",
        traceparent=TRACE,
    )
    for value, told in (encode_binary(event), encode_structured(event)):
        assert decode(record(value, tuple(told))) == event


def test_data_in_base64() -> None:
    data = base64.b64encode(json.dumps(ORDER).encode()).decode()
    assert decode(structured_record(data_base64=data)) == decode(order_record())


@pytest.mark.parametrize(
    "header",
    [
        ("x-junk", b"\xff\xfe\x00"),
        ("x-null", None),
        ("", b""),
        ("ce_extension", b"\xff"),
        ("ce_partitionkey", b"\xff"),
        ("ce_time", b"\xff"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"9999-12-31T23:59:59-23:59"),
        ("ce_time", None),
        ("ce_subject", b"\xff"),
        ("ce_subject", b"\x00"),
        ("ce_subject", b"x" * 5_000),
        ("traceparent", b"\xff"),
        ("traceparent", b"junk"),
        ("traceparent", None),
        ("content-type", None),
        ("content-type", b"\xff"),
        ("content-type", b"text/plain"),
        ("content-type", b"application/json; charset=utf-8"),
    ],
)
def test_bad_header_we_do_not_need_costs_nothing(header: tuple[str, bytes | None]) -> None:
    assert decode(with_headers(order_record(), header)) == decode(order_record())


def test_structured_attributes_we_do_not_need_cost_nothing() -> None:
    told = structured_record(time=5, subject=[], traceparent={}, partitionkey=1, dataschema=None)
    assert decode(told) == decode(order_record())


def test_content_type_is_optional_in_binary_mode() -> None:
    assert decode(without_header(order_record(), "content-type")) == decode(order_record())


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"m-2"])
def test_key_is_ignored(key: bytes | None) -> None:
    assert decode(order_record()._replace(key=key)).data.member_id == "m-1"


def test_last_header_counts() -> None:
    assert decode(with_headers(order_record(), ("ce_id", b"evt-2"))).id == "evt-2"


def test_last_of_a_repeated_name_counts() -> None:
    value = json.dumps(ORDER).encode()
    doubled = value[:-1] + b',"member_id":"m-9"}'
    assert decode(record(doubled, headers())).data.member_id == "m-9"
    envelope = b'{"specversion":"1.0","id":"1","source":"/","type":"order.paid.v1","data":'
    told = (("content-type", b"application/cloudevents+json"),)
    assert decode(record(envelope + doubled + b"}", told)).data.member_id == "m-9"


def test_words_nan_and_infinity_may_be_text() -> None:
    event = decode(order_record(channel="Infinity NaN"))
    assert isinstance(event.data, OrderPaid)
    assert event.data.channel == "Infinity NaN"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2026-01-31t09:30:00z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00-00:00", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T00:15:00+05:45", datetime(2026, 1, 30, 18, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00.1Z", datetime(2026, 1, 31, 9, 30, 0, 100_000, tzinfo=UTC)),
        ("2026-01-31T09:30:00.123456789Z", datetime(2026, 1, 31, 9, 30, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_times(text: str, moment: datetime) -> None:
    event = decode(order_record(paid_at=text))
    assert event.data.occurred_at == moment
    value, told = encode_binary(event)
    assert decode(record(value, tuple(told))) == event


@pytest.mark.parametrize("nothing", [{}, {"lines": None}])
def test_refund_by_amount(nothing: dict[str, object]) -> None:
    data = decode(refund_record(amount_minor=0, **nothing)).data
    assert isinstance(data, OrderRefunded)
    assert (data.lines, data.amount_minor) == (None, 0)


def test_optional_fields_not_given_are_not_written() -> None:
    value, _ = encode_binary(decode(order_record()))
    assert json.loads(value).keys() == ORDER.keys()


def test_field_named_like_the_topic() -> None:
    data = EventAbandoned(
        group="points-earn",
        awaits="order/o-1/paid",
        member_id="m-1",
        topic="orders.v1",
        partition=0,
        offset=2**63 - 1,
        parked_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    value, told = encode_binary(Event(id="1", source="/jifen/earn", data=data))
    assert json.loads(value)["topic"] == "orders.v1"
    assert decode(record(value, tuple(told), "parking.v1")).data == data
