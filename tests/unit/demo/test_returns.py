"""Returns find their orders: by rule in the cases one can name, by law in all others."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from jifen.demo.orders import Line, Order, Return
from jifen.demo.returns import Purchases, Refund, Unmatched, item_of
from tests.unit.demo.files import convert, file, line

BEGIN = datetime(2010, 12, 1, tzinfo=UTC)
SKUS = ("11111A", "22222")
MEMBERS = ("ann", "bob")

PARTS = st.lists(
    st.tuples(st.sampled_from(SKUS), st.integers(1, 5), st.integers(0, 1000)),
    min_size=1,
    max_size=4,
)
INVOICES = st.lists(
    st.tuples(st.booleans(), st.sampled_from(MEMBERS), st.integers(0, 20), PARTS), max_size=12
)


def lines_of(parts: list[tuple[str, int, int]]) -> tuple[Line, ...]:
    return tuple(
        Line(line_id=str(place), sku=sku, quantity=quantity, minor=minor)
        for place, (sku, quantity, minor) in enumerate(parts, 1)
    )


def matched(path: Path) -> tuple[list[tuple[str, str, tuple[tuple[str, int], ...]]], list[str]]:
    conversion = convert(path)
    list(conversion.orders())
    found = [(one.refund_id, one.order_id, one.lines) for one in conversion.refunds()]
    return found, [f"{one.invoice} {one.quantity} {one.sku}" for one in conversion.unmatched]


def test_a_return_goes_to_the_latest_order_with_enough_left(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        line("1", quantity="9", at="2010-12-01 08:00"),
        line("2", quantity="3", at="2010-12-02 08:00"),
        line("3", quantity="9", at="2010-12-04 08:00"),
        line("4", quantity="9", at="2010-12-02 08:00", customer="8"),
        line("C5", quantity="-3", at="2010-12-03 08:00"),
        line("C6", quantity="-3", at="2010-12-03 09:00"),
    )
    found, unmatched = matched(path)
    assert found == [("C5-2", "2", (("1", 765),)), ("C6-1", "1", (("1", 765),))]
    assert unmatched == []


def test_where_no_order_has_enough_it_spreads_latest_first(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        line("1", quantity="2", at="2010-12-01 08:00"),
        line("2", quantity="2", at="2010-12-02 08:00"),
        line("C5", quantity="-3", price="1", at="2010-12-03 08:00"),
    )
    found, unmatched = matched(path)
    assert found == [("C5-2", "2", (("1", 200),)), ("C5-1", "1", (("1", 100),))]
    assert unmatched == []


def test_what_no_order_has_is_reported_and_not_invented(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        line("C1", quantity="-1", at="2010-12-01 08:00"),
        line("2", quantity="2", at="2010-12-02 08:00"),
        line("C3", quantity="-5", price="1", at="2010-12-03 08:00"),
        line("C4", "99999", quantity="-1", at="2010-12-03 08:00"),
    )
    found, unmatched = matched(path)
    assert found == [("C3-2", "2", (("1", 200),))]
    assert unmatched == ["C1 1 85123A", "C3 3 85123A", "C4 1 99999"]


def test_an_item_that_an_invoice_lists_twice_is_taken_line_by_line(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        line("1", quantity="2"),
        line("1", quantity="2"),
        line("C2", quantity="-1", price="1"),
        line("C2", quantity="-2", price="2"),
    )
    assert matched(path)[0] == [("C2-1", "1", (("1", 300), ("2", 200)))]


def test_small_letters_are_the_same_item(tmp_path: Path) -> None:
    path = file(tmp_path, line("1", "85123a"), line("C2", "85123A", quantity="-1"))
    assert matched(path)[1] == []


def test_a_file_need_not_be_sorted_by_time(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        line("C2", quantity="-6", at="2010-12-03 08:00"),
        line("1", at="2010-12-01 08:00"),
    )
    assert matched(path) == ([("C2-1", "1", (("1", 1530),))], [])


def test_money_of_a_return_that_is_split_adds_up(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        *[line(str(n), quantity="1", at=f"2010-12-0{n} 08:00") for n in (1, 2, 3)],
        line("C5", quantity="-3", price="0.333", at="2010-12-05 08:00"),
    )
    assert sum(minor for _, _, lines in matched(path)[0] for _, minor in lines) == 100


def story(
    invoices: list[tuple[bool, str, int, list[tuple[str, int, int]]]],
) -> tuple[list[Order], list[Return], list[Refund], list[Unmatched]]:
    orders, returns = [], []
    for number, (gives_back, member, day, parts) in enumerate(invoices):
        at, lines = BEGIN + timedelta(days=day), lines_of(parts)
        if gives_back:
            returns.append(
                Return(invoice=f"C{number}", member_id=member, returned_at=at, lines=lines)
            )
        else:
            orders.append(Order(order_id=str(number), member_id=member, paid_at=at, lines=lines))
    purchases = Purchases(
        frozenset(item_of(one.member_id, item.sku) for one in returns for item in one.lines)
    )
    for order in orders:
        purchases.remember(order)
    found: list[Refund] = []
    missing: list[Unmatched] = []
    for returned in sorted(returns, key=lambda one: one.returned_at):
        refunds, unmatched = purchases.match(returned)
        found += refunds
        missing += unmatched
    return orders, returns, found, missing


@given(INVOICES)
def test_refunds_are_of_the_members_own_earlier_orders_and_of_their_lines(
    invoices: list[tuple[bool, str, int, list[tuple[str, int, int]]]],
) -> None:
    orders, returns, found, _ = story(invoices)
    by_id = {order.order_id: order for order in orders}
    for refund in found:
        order = by_id[refund.order_id]
        assert order.member_id == refund.member_id
        assert order.paid_at <= refund.refunded_at
        assert {line_id for line_id, _ in refund.lines} <= {one.line_id for one in order.lines}
        (returned,) = (one for one in returns if refund.refund_id.startswith(f"{one.invoice}-"))
        assert refund.refunded_at == returned.returned_at
    assert len({refund.refund_id for refund in found}) == len(found)


@given(INVOICES)
def test_nothing_is_given_back_that_was_not_bought_and_nothing_is_lost(
    invoices: list[tuple[bool, str, int, list[tuple[str, int, int]]]],
) -> None:
    orders, returns, found, missing = story(invoices)
    bought: Counter[tuple[str, str]] = Counter()
    given_back: Counter[tuple[str, str]] = Counter()
    for order in orders:
        for one in order.lines:
            bought[order.member_id, one.sku] += one.quantity
    for returned in returns:
        for one in returned.lines:
            given_back[returned.member_id, one.sku] += one.quantity
    unmatched: Counter[tuple[str, str]] = Counter()
    for lost in missing:
        assert lost.quantity > 0
        unmatched[lost.member_id, lost.sku] += lost.quantity
    for item, quantity in given_back.items():
        assert 0 <= quantity - unmatched[item] <= bought[item]
    asked = sum(one.minor for returned in returns for one in returned.lines)
    refunded = sum(minor for refund in found for _, minor in refund.lines)
    assert refunded <= asked
    if not missing:
        assert refunded == asked
