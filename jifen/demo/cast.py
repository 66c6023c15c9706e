"""Who does what in the demonstration, chosen from the orders so that every run chooses alike."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jifen.demo import events
from jifen.demo.errors import ReplayError
from jifen.demo.orders import Order
from jifen.demo.returns import Refund
from shared.contract.codec import Event

# Days before the last order: four in a row, a missed one, three in a row.
CHECK_IN_DAYS = (7, 6, 5, 4, 2, 1, 0)
_CHECK_IN_HOUR = 12
_PARTLY_REFUNDED = 3
# Refunds of the demonstration's own, told besides what the file gives back.
_REFUND = "partly"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """One member to look at, a friend of theirs, and orders that are given back in part.

    `by_line` loses half the money of its dearest line, each of `by_amount` a quarter of all.
    """

    star: str
    friend_order: Order
    by_line: Order
    by_amount: tuple[Order, ...]
    last_at: datetime

    @property
    def check_ins(self) -> list[Event]:
        """The star's check-ins, at noon."""
        noon = self.last_at.replace(hour=_CHECK_IN_HOUR, minute=0, second=0, microsecond=0)
        days = [noon - timedelta(days=days + 1) for days in CHECK_IN_DAYS]
        return [events.checked_in(self.star, at) for at in days]

    @property
    def shares(self) -> list[Event]:
        """The friend opens what the star shared, and orders an hour later."""
        at = self.friend_order.paid_at - timedelta(hours=1)
        click = events.clicked(self.star, self.friend_order.member_id, at)
        return [click, events.friend_ordered(self.star, self.friend_order)]

    @property
    def line_refund(self) -> Refund:
        """Half the money of the dearest line."""
        line = max(self.by_line.lines, key=lambda line: line.minor)
        return Refund(
            refund_id=_REFUND,
            order_id=self.by_line.order_id,
            member_id=self.by_line.member_id,
            refunded_at=self.last_at,
            lines=((line.line_id, line.minor // 2),),
        )

    @property
    def amounts(self) -> dict[str, int]:
        """A quarter of the money of each of these orders."""
        return {order.order_id: paid(order) // 4 for order in self.by_amount}

    @property
    def refunds(self) -> list[tuple[str, Event]]:
        """All that is given back, with the order's id."""
        return [
            (self.by_line.order_id, events.refunded(self.line_refund)),
            *(
                (
                    order.order_id,
                    events.amount_refunded(
                        order, _REFUND, self.amounts[order.order_id], self.last_at
                    ),
                )
                for order in self.by_amount
            ),
        ]

    @property
    def refund_id(self) -> str:
        """What the demonstration calls its refund of an order."""
        return _REFUND


def paid(order: Order) -> int:
    """Return the money of an order, in minor units."""
    return sum([line.minor for line in order.lines])


def choose(orders: Sequence[Order], refunds: Sequence[Refund]) -> Cast:
    """Choose; the star is who ordered most among those who gave something back."""
    given_back = {refund.order_id for refund in refunds}
    returners = {refund.member_id for refund in refunds}
    counts = Counter([order.member_id for order in orders if order.member_id in returners])
    star = max(counts, key=lambda member: (counts[member], member), default=None)
    whole = [order for order in orders if order.order_id not in given_back]
    stars = [order for order in whole if order.member_id == star]
    others = [order for order in whole if order.member_id not in returners]
    if star is None or not stars or len(others) <= _PARTLY_REFUNDED:
        raise ReplayError("the demonstration's file has too few orders for its story")
    return Cast(
        star=star,
        friend_order=others[0],
        by_line=max(stars, key=paid),
        by_amount=tuple(others[1:_PARTLY_REFUNDED]),
        last_at=max([order.paid_at for order in orders]),
    )
