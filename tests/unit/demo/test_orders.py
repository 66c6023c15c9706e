"""Invoices to orders and returns."""

import random
from datetime import datetime
from pathlib import Path

import pytest

from jifen.demo import events
from jifen.demo.orders import Order
from jifen.demo.parse import Skip
from shared.contract.codec import Event, Record, decode, encode_binary
from tests.unit.demo.files import convert, file, line


def orders(path: Path) -> list[Order]:
    return list(convert(path).orders())


def decoded(event: Event) -> Event:
    value, headers = encode_binary(event)
    return decode(
        Record(
            topic=event.data.topic,
            partition=0,
            offset=0,
            timestamp_ms=0,
            key=None,
            value=value,
            headers=tuple(headers),
        )
    )


def test_lines_of_an_invoice_are_one_order_and_keep_their_place(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        line("1", "11111"),
        line("1", "POST"),
        line("1", "11111", quantity="1"),
        line("2", "22222"),
    )
    first, second = orders(path)
    assert [(one.line_id, one.sku, one.quantity, one.minor) for one in first.lines] == [
        ("1", "11111", 6, 1530),
        ("3", "11111", 1, 255),
    ]
    assert second.order_id == "2"


def test_an_order_belongs_to_the_first_customer_it_names(tmp_path: Path) -> None:
    path = file(tmp_path, line("1", customer=""), line("1", customer="7"), line("1", customer="8"))
    conversion = convert(path)
    (order,) = conversion.orders()
    assert order.member_id == "uk-7"
    assert [one.line_id for one in order.lines] == ["2"]
    assert conversion.skipped == {Skip.NO_CUSTOMER: 1, Skip.SECOND_CUSTOMER: 1}


def test_an_invoice_whose_lines_are_scattered_is_one_order(tmp_path: Path) -> None:
    lines = [line(str(n % 7), f"{10000 + n}") for n in range(70)]
    random.Random(1).shuffle(lines)  # noqa: S311
    found = orders(file(tmp_path, *lines))
    assert sorted(one.order_id for one in found) == list("0123456")
    assert all(len(one.lines) == 10 for one in found)


def test_an_order_of_two_minutes_was_paid_in_the_first(tmp_path: Path) -> None:
    path = file(tmp_path, line(at="2010-12-01 16:58"), line(at="2010-12-01 16:57"))
    (order,) = orders(path)
    assert order.paid_at == datetime.fromisoformat("2010-12-01T16:57Z")


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2011-07-01 12:00", "2011-07-01T11:00Z"),
        ("2011-10-30 01:30", "2011-10-30T00:30Z"),  # shown twice: the first
        ("2011-10-30 01:30:00+00:00", "2011-10-30T01:30Z"),  # the second, and it says so
        ("2011-03-27 01:30", "2011-03-27T01:30Z"),  # skipped: as if not changed yet
    ],
)
def test_clock_changes_have_one_answer(tmp_path: Path, local: str, utc: str) -> None:
    (order,) = orders(file(tmp_path, line(at=local)))
    assert order.paid_at == datetime.fromisoformat(utc)


def test_dates_move_by_whole_days_at_the_same_time_of_day(tmp_path: Path) -> None:
    path = file(tmp_path, line(at="2010-12-01 08:26"))
    (order,) = convert(path, shift_days=212).orders()
    assert order.paid_at == datetime.fromisoformat("2011-07-01T07:26Z")


def test_an_order_that_the_contract_would_refuse_is_skipped_whole(tmp_path: Path) -> None:
    conversion = convert(
        file(
            tmp_path,
            *[line("1")] * 1001,
            *[line("2")] * 1000,
            *[line("3", price="999999999999", quantity="1")] * 2,
        )
    )
    assert [order.order_id for order in conversion.orders()] == ["2"]
    assert conversion.skipped[Skip.TOO_MANY_LINES] == 1001
    assert conversion.skipped[Skip.TOO_LARGE] == 2


def test_what_is_told_satisfies_the_contract(tmp_path: Path) -> None:
    sku, customer = "12345" + "x" * 59, "7" * 40
    path = file(
        tmp_path,
        line("1" * 24, sku, quantity="999999999", price="0.01", customer=customer),
        line("C" + "2" * 23, sku, quantity="-9", at="2011-01-01 00:00", customer=customer),
    )
    conversion = convert(path)
    (order,) = conversion.orders()
    (refund,) = conversion.refunds()
    for event in (
        events.paid(order, "GBP"),
        events.refunded(refund),
        events.amount_refunded(order, "r", 1, order.paid_at),
        events.checked_in(order.member_id, order.paid_at),
        events.clicked(order.member_id, "f" * 64, order.paid_at),
        events.friend_ordered("m" * 64, order),
    ):
        assert decoded(event) == event
