"""Rows as records: what can't be one is refused with words."""

from datetime import UTC, datetime

import pytest

from services.relay.domain import (
    DeadLetter,
    OutboxRow,
    dead_letter_record,
    event_record,
    headers_document,
)

ROW = OutboxRow(
    id=1,
    event_id="m1/7",
    topic="points.v1",
    key="m1",
    type="points.earned.v1",
    payload="{}",
    headers=b'{"traceparent": "00-a-b-01"}',
    dead_letter_id=None,
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
)
LETTER = DeadLetter(
    id=1,
    group="points-earn",
    topic="orders.v1",
    partition=3,
    offset=9,
    reason="not-json",
    at=datetime(2026, 1, 2, tzinfo=UTC),
    too_large=False,
    key=b"k",
    value=None,
    headers=b'[["a", "/w=="], ["a", null]]',
)


def test_an_event_keeps_its_own_headers() -> None:
    record = event_record(ROW)
    assert (record.topic, record.key, record.value) == ("points.v1", b"m1", b"{}")
    assert record.headers[-1] == ("traceparent", b"00-a-b-01")


@pytest.mark.parametrize(
    ("row", "needs"),
    [
        (ROW._replace(topic="no topic"), "a topic's name"),
        (ROW._replace(topic=""), "a topic's name"),
        (ROW._replace(payload=None), "no payload"),
        (ROW._replace(headers=b"[1]"), "an object"),
        (ROW._replace(headers=b'{"a": 1}'), "a text for 'a'"),
        (ROW._replace(headers=b'{"a": "\\ud800"}'), "column"),
    ],
)
def test_a_row_that_cannot_be_a_record_is_refused(row: OutboxRow, needs: str) -> None:
    with pytest.raises(ValueError, match=needs):
        event_record(row)


def test_a_dead_letter_keeps_repeated_and_empty_headers() -> None:
    record = dead_letter_record(5, LETTER)
    assert record.topic == "orders.v1.points-earn.dlq"
    assert record.headers[:2] == [("a", b"\xff"), ("a", None)]
    assert (record.key, record.value) == (b"k", None)
    assert headers_document(record.headers[:2]) == b'[["a","/w=="],["a",null]]'


@pytest.mark.parametrize("headers", [b"{}x", b"7", b'[["a"]]', b'[["a", 5]]', b'[["a", "%"]]'])
def test_a_dead_letter_with_other_headers_is_refused(headers: bytes) -> None:
    with pytest.raises(ValueError, match="headers"):
        dead_letter_record(5, LETTER._replace(headers=headers))
