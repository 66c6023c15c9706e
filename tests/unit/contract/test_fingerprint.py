"""Fingerprints: what counts, what doesn't, and the bytes that are promised."""

import json
from hashlib import sha256

import pytest

from shared.contract.codec import Record, decode
from shared.contract.fingerprint import canonical, fingerprint
from shared.contract.golden import golden_record
from shared.contract.registry import TYPES_BY_TOPIC
from tests.contract.records import headers, order_record, record, refund_record


def print_of(told: Record) -> bytes:
    return fingerprint(decode(told).data)


def test_bytes_of_a_paid_order() -> None:
    told = canonical(decode(order_record()).data)
    assert told == (
        b'["order.paid.v1","o-1","m-1",1769823000000000,"CNY",'
        b'[["1","mug",2,5990],["2","tee",1,12900]]]'
    )
    assert print_of(order_record()) == sha256(b"\x01" + told).digest()


def test_bytes_of_refunds() -> None:
    by_amount = canonical(decode(refund_record(amount_minor=100)).data)
    assert by_amount == b'["order.refunded.v1","r-1","o-1","m-1",1769904000000000,null,100]'
    lines = [{"line_id": "b", "paid_minor": 2}, {"line_id": "a", "paid_minor": 1}]
    by_line = canonical(decode(refund_record(lines=lines)).data)
    assert by_line.endswith(b'1769904000000000,[["a",1],["b",2]],null]')


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"channel": "app"}, True),
        ({"device_id": "d"}, True),
        ({"shipping_minor": 5}, True),
        ({"paid_at": "2026-01-31T01:30:00Z"}, True),
        ({"paid_at": "2026-01-31T01:30:00.000001Z"}, False),
        ({"currency": "USD"}, False),
        ({"member_id": "m-2"}, False),
        ({"order_id": "o-2"}, False),
    ],
)
def test_what_counts(changed: dict[str, object], same: bool) -> None:  # noqa: FBT001
    assert (print_of(order_record(**changed)) == print_of(order_record())) is same


@pytest.mark.parametrize(
    ("topic", "name", "telling"),
    [
        ("check-ins.v1", "check-in.made.v1", {"made_at": "2026-02-01T10:00:00Z", "device_id": "x"}),
        ("shares.v1", "share.clicked.v1", {"share_id": "x", "clicked_at": "2026-02-01T10:00:00Z"}),
        ("shares.v1", "share.ordered.v1", {"share_id": "x", "ordered_at": "2026-02-01T10:00:00Z"}),
        ("redemptions.v1", "redemption.requested.v1", {"requested_at": "2026-02-01T10:00:00Z"}),
        ("ledger-commands.v1", "share.bonus-reversed.v1", {"refund_id": "x", "points": 7}),
    ],
)
def test_ids_and_times_of_the_telling_do_not_count(
    topic: str, name: str, telling: dict[str, object]
) -> None:
    golden = golden_record(TYPES_BY_TOPIC[topic][name])
    data = json.loads(golden.value or b"")["data"]
    again = record(json.dumps({**data, **telling}).encode(), headers(name), topic)
    assert decode(again).data != decode(golden).data
    assert print_of(again) == print_of(golden)
