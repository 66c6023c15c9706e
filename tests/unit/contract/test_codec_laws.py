"""Laws of the codec: it raises nothing else, and what it writes it reads."""

import json
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from shared.contract.codec import (
    ContractError,
    Event,
    Record,
    decode,
    encode_binary,
    encode_structured,
)
from shared.contract.fingerprint import fingerprint
from shared.contract.orders import OrderLine, OrderPaid
from shared.contract.registry import TYPES_BY_TOPIC, WIRE_TYPES
from shared.contract.wire import Wire
from tests.contract.records import ENVELOPE, ORDER, record

HEADER_NAMES = (
    "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type",
    "traceparent", "ce_traceparent", "x-other",
)  # fmt: skip
HEADER_VALUES = (
    b"1.0", b"evt", b"/shop", b"application/json", b"application/cloudevents+json",
    b"2026-01-31T09:30:00Z", *(wire.type_name.encode() for wire in WIRE_TYPES),
)  # fmt: skip
header_values = st.none() | st.sampled_from(HEADER_VALUES) | st.binary(max_size=40)
told_headers = st.lists(st.tuples(st.sampled_from(HEADER_NAMES), header_values)).map(tuple)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**301)
    | st.floats()
    | st.text()
    | st.datetimes().map(lambda moment: moment.isoformat() + "Z")
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(ORDER)), inner),
    max_leaves=8,
)
topics = st.sampled_from([*TYPES_BY_TOPIC, "nowhere.v1"])


def as_bytes(document: object) -> bytes:
    return json.dumps(document).encode()


def read(told: Record) -> Event | None:
    """Return the event or None; anything but a ContractError is for the test to fail on."""
    try:
        return decode(told)
    except ContractError as error:
        # What is stored and shown of a refusal must itself be harmless.
        (error.reason + error.detail).encode("utf-8")
        if "\x00" in error.detail or len(error.detail) > 4_000:
            raise AssertionError(error.detail) from error
        return None


@given(st.none() | st.binary(), told_headers, topics)
def test_bytes_of_any_kind(
    value: bytes | None, told: tuple[tuple[str, bytes | None], ...], topic: str
) -> None:
    read(record(value, told, topic))


def read_both(type_name: str, topic: str, data: object) -> tuple[Event | None, Event | None]:
    attributes = {**ENVELOPE, "type": type_name}
    binary = tuple((f"ce_{name}", str(text).encode()) for name, text in attributes.items())
    structured = (("content-type", b"application/cloudevents+json"),)
    envelope = as_bytes({**attributes, "data": data})
    return read(record(as_bytes(data), binary, topic)), read(record(envelope, structured, topic))


@given(st.sampled_from(WIRE_TYPES), documents)
def test_documents_of_any_kind(wire: type[Wire], data: object) -> None:
    in_binary, in_structured = read_both(wire.type_name, wire.topic, data)
    assert in_binary == in_structured


@given(st.sampled_from(sorted(ORDER)), documents)
def test_an_order_with_one_field_of_any_kind(field: str, junk: object) -> None:
    in_binary, in_structured = read_both("order.paid.v1", "orders.v1", {**ORDER, field: junk})
    assert in_binary == in_structured


ids = st.text(string.ascii_letters + string.digits + "._:@-", min_size=1, max_size=64)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=64)
lines = st.builds(
    OrderLine,
    line_id=ids,
    sku=texts,
    category=st.none() | texts,
    quantity=st.integers(1, 10**9),
    paid_minor=st.integers(0, 10**9),
)
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones)  # noqa: DTZ001
orders = st.builds(
    OrderPaid,
    order_id=ids,
    member_id=ids,
    paid_at=moments,
    currency=st.text(string.ascii_uppercase, min_size=3, max_size=3),
    lines=st.lists(lines, min_size=1, max_size=5, unique_by=lambda line: line.line_id).map(tuple),
    shipping_minor=st.none() | st.integers(0, 10**12),
    channel=st.none() | texts,
)
events = st.builds(
    Event,
    id=texts,
    source=texts,
    data=orders,
    time=st.none() | st.datetimes(timezones=st.just(UTC)),
    subject=st.none() | texts,
    traceparent=st.none(),
)


@given(events)
def test_what_is_written_is_read(event: Event) -> None:
    for value, told in (encode_binary(event), encode_structured(event)):
        assert decode(record(value, tuple(told))) == event


@given(orders, zones)
def test_the_order_of_lines_and_the_zone_do_not_change_a_fingerprint(
    order: OrderPaid, zone: timezone
) -> None:
    told = tuple(reversed(order.lines))
    there = order.paid_at.astimezone(zone)
    again = replace(order, lines=told, paid_at=there, channel="elsewhere")
    assert fingerprint(again) == fingerprint(order)


@given(orders, orders)
def test_fingerprints_differ_where_orders_do(first: OrderPaid, second: OrderPaid) -> None:
    def business(order: OrderPaid) -> object:
        plain = [getattr(order, name) for name in OrderPaid.fingerprint_fields if name != "lines"]
        told = {(each.line_id, each.sku, each.quantity, each.paid_minor) for each in order.lines}
        return plain, told

    same = fingerprint(first) == fingerprint(second)
    assert same == (business(first) == business(second))
