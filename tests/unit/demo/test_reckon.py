"""The independent sum agrees with the specification, which knows nothing of either."""

from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from jifen.demo import events
from jifen.demo.orders import Line, Order
from jifen.demo.reckon import reckon, worth
from jifen.demo.returns import Refund
from shared.contract.codec import encode_data
from shared.contract.wire import Wire
from shared.program.load import default_text, parse
from shared.program.models import Purchase, Rate
from shared.program.revisions import BEGINNING, Revision, Revisions
from tests.support.model import Event, Rules, World

AT = datetime(2026, 6, 1, tzinfo=UTC)
PROGRAM = Revisions([Revision(number=1, effective_at=BEGINNING, program=parse(default_text()))])
MONEY = st.integers(0, 5_000)


def told(data: Wire) -> Event:
    return {"type": data.type_name, "data": orjson.loads(encode_data(data))}


@given(
    paid=st.lists(MONEY, min_size=1, max_size=4),
    back=st.lists(st.tuples(st.integers(0, 3), MONEY), max_size=4),
    amount=MONEY,
)
def test_sums_agree_with_the_specification(
    paid: list[int], back: list[tuple[int, int]], amount: int
) -> None:
    lines = tuple(
        Line(line_id=str(n), sku="1", quantity=1, minor=minor) for n, minor in enumerate(paid)
    )
    order = Order(order_id="o", member_id="m", paid_at=AT, lines=lines)
    refunds = [
        Refund(
            refund_id=f"r{n}",
            order_id="o",
            member_id="m",
            refunded_at=AT,
            lines=((str(which % len(paid)), minor),),
        )
        for n, (which, minor) in enumerate(back)
    ]
    world = World(Rules())
    world.tell(told(events.paid(order, "GBP").data), AT)
    for refund in refunds:
        world.tell(told(events.refunded(refund).data), AT)
    world.tell(told(events.amount_refunded(order, "last", amount, AT).data), AT)
    found = reckon([order], refunds, {"o": amount}, revisions=PROGRAM, currency="GBP")
    assert found.awarded - found.taken_back == world.account("m").balance
    assert found.awarded == world.account("m").entries[0].points


def test_rounding_is_the_programs() -> None:
    rate = {"GBP": Rate(points=1, per_minor=100)}
    assert worth(Purchase(currencies=rate), "GBP", 199) == 1
    assert worth(Purchase(rounding="half-up", currencies=rate), "GBP", 150) == 2
    assert worth(Purchase(rounding="half-up", currencies=rate), "GBP", 149) == 1
    assert worth(Purchase(rounding="up", currencies=rate), "GBP", 101) == 2
    assert worth(Purchase(currencies=rate), "EUR", 199) == 0
