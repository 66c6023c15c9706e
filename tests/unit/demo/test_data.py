"""The demonstration's input is what its attribution says, and holds what its story needs."""

from itertools import pairwise

from jifen.demo import cast
from jifen.demo.form import Form
from jifen.demo.parse import Skip
from jifen.demo.story import DATA, FORM
from tests.unit.demo.files import convert

MAX_BYTES = 400_000


def test_a_small_part_ships_without_descriptions_and_with_its_source() -> None:
    header = DATA.read_text(encoding="utf-8").splitlines()[0]
    assert header == "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    assert DATA.stat().st_size < MAX_BYTES
    attribution = DATA.with_name("ATTRIBUTION.md").read_text(encoding="utf-8")
    assert all(word in attribution for word in ("Chen, D. (2015)", "UCI", "CC BY 4.0", "changed"))


def test_it_is_as_untidy_as_real_data() -> None:
    conversion = convert(DATA)
    orders, refunds = list(conversion.orders()), list(conversion.refunds())
    assert len(orders) > 200
    assert refunds
    assert conversion.unmatched
    assert set(conversion.skipped) == {Skip.NO_CUSTOMER, Skip.NO_GOODS, Skip.ZERO_PRICE}


def test_the_story_is_the_same_every_time() -> None:
    conversions = [convert(DATA, FORM, shift_days=100) for _ in range(2)]
    first, second = (cast.choose(list(one.orders()), list(one.refunds())) for one in conversions)
    assert first == second
    assert [event.data for _, event in first.refunds] == [event.data for _, event in second.refunds]


def test_its_ids_are_nobody_elses() -> None:
    assert FORM.member_prefix != Form().member_prefix
    assert FORM.order_prefix != Form().order_prefix


def test_check_ins_miss_one_day_and_shares_are_of_a_friend() -> None:
    conversion = convert(DATA, FORM)
    chosen = cast.choose(list(conversion.orders()), list(conversion.refunds()))
    days = [event.data.occurred_at.date() for event in chosen.check_ins]
    gaps = [(later - day).days for day, later in pairwise(days)]
    assert gaps == [1, 1, 1, 2, 1, 1]
    assert {event.data.member_id for event in chosen.shares} == {chosen.star}
    assert chosen.friend_order.member_id != chosen.star
