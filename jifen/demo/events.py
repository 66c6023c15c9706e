"""Orders, refunds, check-ins and shares as the contract writes them."""

from datetime import datetime
from typing import Final

from jifen.demo.orders import Order
from jifen.demo.returns import Refund
from shared.contract.check_ins import CheckInMade
from shared.contract.codec import Event
from shared.contract.orders import OrderLine, OrderPaid, OrderRefunded, RefundLine
from shared.contract.shares import ShareClicked, ShareOrdered
from shared.contract.shipments import ShipmentDelivered, ShipmentSent

SOURCE: Final = "jifen/demo"
CHANNEL: Final = "web"


def paid(order: Order, currency: str) -> Event:
    """Tell of an order."""
    data = OrderPaid(
        order_id=order.order_id,
        member_id=order.member_id,
        paid_at=order.paid_at,
        currency=currency,
        lines=tuple(
            [
                OrderLine(
                    line_id=line.line_id,
                    sku=line.sku,
                    quantity=line.quantity,
                    paid_minor=line.minor,
                )
                for line in order.lines
            ]
        ),
        channel=CHANNEL,
    )
    return Event(id=f"{order.order_id}/paid", source=SOURCE, time=order.paid_at, data=data)


def refunded(refund: Refund) -> Event:
    """Tell of money given back, line by line."""
    data = OrderRefunded(
        refund_id=refund.refund_id,
        order_id=refund.order_id,
        member_id=refund.member_id,
        refunded_at=refund.refunded_at,
        lines=tuple(
            [RefundLine(line_id=line_id, paid_minor=minor) for line_id, minor in refund.lines]
        ),
    )
    return Event(
        id=f"{refund.order_id}/refund/{refund.refund_id}",
        source=SOURCE,
        time=refund.refunded_at,
        data=data,
    )


def amount_refunded(order: Order, refund_id: str, minor: int, at: datetime) -> Event:
    """Tell of money given back on an order as a whole."""
    data = OrderRefunded(
        refund_id=refund_id,
        order_id=order.order_id,
        member_id=order.member_id,
        refunded_at=at,
        amount_minor=minor,
    )
    return Event(id=f"{order.order_id}/refund/{refund_id}", source=SOURCE, time=at, data=data)


def checked_in(member_id: str, at: datetime) -> Event:
    """Tell of a check-in."""
    data = CheckInMade(member_id=member_id, made_at=at)
    return Event(id=f"{member_id}/check-in/{at.date()}", source=SOURCE, time=at, data=data)


def clicked(member_id: str, friend_id: str, at: datetime) -> Event:
    """Tell of a friend who opened what a member shared."""
    share_id = _share_id(member_id, friend_id)
    data = ShareClicked(share_id=share_id, member_id=member_id, friend_id=friend_id, clicked_at=at)
    return Event(id=f"{share_id}/clicked/{at.date()}", source=SOURCE, time=at, data=data)


def friend_ordered(member_id: str, order: Order) -> Event:
    """Tell of a friend's order that came through what a member shared."""
    share_id = _share_id(member_id, order.member_id)
    data = ShareOrdered(
        share_id=share_id,
        member_id=member_id,
        friend_id=order.member_id,
        order_id=order.order_id,
        ordered_at=order.paid_at,
    )
    return Event(id=f"{share_id}/ordered", source=SOURCE, time=order.paid_at, data=data)


def parcel(member_id: str, redemption_id: str, at: datetime) -> list[Event]:
    """Tell of a parcel that was sent, and arrived."""
    told: list[type[ShipmentSent | ShipmentDelivered]] = [ShipmentSent, ShipmentDelivered]
    return [
        Event(
            id=f"{redemption_id}/{wire.type_name}",
            source=SOURCE,
            time=at,
            data=wire(
                member_id=member_id,
                redemption_id=redemption_id,
                carrier="SF Express",
                tracking_no="SF1020304050",
                at=at,
            ),
        )
        for wire in told
    ]


def _share_id(member_id: str, friend_id: str) -> str:
    """Name a share within 64 characters: two members together may be longer than that."""
    return f"{member_id[:31]}-{friend_id[:31]}"
