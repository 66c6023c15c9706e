"""What orders and refunds must come to, worked out beside the ledger with integers alone.

It shares the program with the services, not their code: a sum that agrees was found twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jifen.demo.orders import Order
from jifen.demo.returns import Refund
from shared.program.models import Purchase
from shared.program.revisions import Revisions


@dataclass(frozen=True, kw_only=True, slots=True)
class Reckoning:
    """Points that all orders give, and that all refunds take back."""

    awarded: int
    taken_back: int


def worth(purchase: Purchase, currency: str, minor: int) -> int:
    """Return the points of an amount: one division, rounded once as the program says."""
    rate = purchase.currencies.get(currency)
    if rate is None:
        return 0
    whole, rest = divmod(minor * rate.points, rate.per_minor)
    more = {"down": False, "half-up": 2 * rest >= rate.per_minor, "up": rest > 0}
    return whole + more[purchase.rounding]


def reckon(
    orders: Iterable[Order],
    refunds: Iterable[Refund],
    amounts: Mapping[str, int],
    *,
    revisions: Revisions,
    currency: str,
) -> Reckoning:
    """Add up what orders earn and lose; `amounts` (by order) are given back after `refunds`."""
    given_back: dict[str, list[Refund]] = {}
    for refund in refunds:
        given_back.setdefault(refund.order_id, []).append(refund)
    awarded = taken_back = 0
    for order in orders:
        purchase = revisions.in_force(order.paid_at).program.earn.purchase
        paid = sum([line.minor for line in order.lines])
        points = worth(purchase, currency, paid)
        left = _left(order, given_back.get(order.order_id, ()), amounts.get(order.order_id, 0))
        awarded += points
        taken_back += points - worth(purchase, currency, left)
    return Reckoning(awarded=awarded, taken_back=taken_back)


def _left(order: Order, refunds: Iterable[Refund], amount: int) -> int:
    """Return the money left: on no line is more given back than was paid on it."""
    left = {line.line_id: line.minor for line in order.lines}
    for refund in refunds:
        for line_id, minor in refund.lines:
            left[line_id] -= min(minor, left[line_id])
    return max(0, sum(left.values()) - amount)
