"""Returns to the orders they give back, since they come without saying which. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias

from jifen.demo.orders import Line, Order, Return

# A member and an item; the same stock code is typed in capitals here and in small letters there.
Item: TypeAlias = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refund:
    """What a return gives back of one order: (line_id, money in minor units)."""

    refund_id: str
    order_id: str
    member_id: str
    refunded_at: datetime
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmatched:
    """Goods given back that no earlier order of the member has, or has no more of."""

    invoice: str
    member_id: str
    sku: str
    quantity: int


def item_of(member_id: str, sku: str) -> Item:
    """Name an item that a member buys or gives back."""
    return member_id, sku.upper()


def refund_id(order_prefix: str, invoice: str, order_id: str) -> str:
    """Name what a return gives back of an order; the same for every telling."""
    return f"{order_prefix}{invoice}-{order_id.removeprefix(order_prefix)}"


@dataclass(kw_only=True, slots=True)
class _Bought:
    """An item of an order, and how much of it on each line was not given back yet."""

    order_id: str
    paid_at: datetime
    left: list[tuple[str, int]] = field(default_factory=list)

    @property
    def quantity(self) -> int:
        return sum([left for _, left in self.left])

    def take(self, quantity: int) -> list["_Part"]:
        """Take so many off the lines, earlier lines first."""
        parts, left = [], []
        for line_id, there in self.left:
            taken = min(there, quantity)
            quantity -= taken
            if taken:
                parts.append(_Part(self.order_id, line_id, taken))
            left.append((line_id, there - taken))
        self.left = left
        return parts


class _Part(NamedTuple):
    """Some of an item, off one line of an order."""

    order_id: str
    line_id: str
    quantity: int


class Purchases:
    """What members bought of the items that are given back somewhere in the file."""

    def __init__(self, given_back: frozenset[Item], *, order_prefix: str = "") -> None:
        self._given_back = given_back
        self._order_prefix = order_prefix
        self._bought: dict[Item, list[_Bought]] = {}

    def remember(self, order: Order) -> None:
        """Keep what of an order may be given back."""
        for line in order.lines:
            item = item_of(order.member_id, line.sku)
            if item in self._given_back:
                orders = self._bought.setdefault(item, [])
                if not orders or orders[-1].order_id != order.order_id:
                    orders.append(_Bought(order_id=order.order_id, paid_at=order.paid_at))
                orders[-1].left.append((line.line_id, line.quantity))

    def match(self, returned: Return) -> tuple[list[Refund], list[Unmatched]]:
        """Say which orders a return gives back; call it in the order in which they came.

        Each line goes to the member's latest order up to then that has so many of the item left;
        where none has, over as many as it takes, latest first. The money is what the return says,
        shared by quantity. What is left over is unmatched.
        """
        money: dict[str, dict[str, int]] = {}
        unmatched = []
        for line in returned.lines:
            parts = self._take(returned, line)
            for part, minor in _shared(line, parts):
                lines = money.setdefault(part.order_id, {})
                lines[part.line_id] = lines.get(part.line_id, 0) + minor
            missing = line.quantity - sum([part.quantity for part in parts])
            if missing:
                unmatched.append(
                    Unmatched(
                        invoice=returned.invoice,
                        member_id=returned.member_id,
                        sku=line.sku,
                        quantity=missing,
                    )
                )
        return [self._refund(returned, order_id, lines) for order_id, lines in money.items()], (
            unmatched
        )

    def _take(self, returned: Return, line: Line) -> list[_Part]:
        before = [
            bought
            for bought in self._bought.get(item_of(returned.member_id, line.sku), ())
            if bought.paid_at <= returned.returned_at and bought.quantity
        ]
        before.sort(key=lambda bought: bought.paid_at)
        latest = before[::-1]
        whole = next((bought for bought in latest if bought.quantity >= line.quantity), None)
        parts: list[_Part] = []
        wanted = line.quantity
        for bought in latest if whole is None else [whole]:
            taken = bought.take(wanted)
            wanted -= sum([part.quantity for part in taken])
            parts += taken
        return parts

    def _refund(self, returned: Return, order_id: str, money: Mapping[str, int]) -> Refund:
        return Refund(
            refund_id=refund_id(self._order_prefix, returned.invoice, order_id),
            order_id=order_id,
            member_id=returned.member_id,
            refunded_at=returned.returned_at,
            lines=tuple(money.items()),
        )


def _shared(line: Line, parts: Iterable[_Part]) -> Iterator[tuple[_Part, int]]:
    """Share a line's money by quantity, so that the parts of a whole line add up to it."""
    before = 0
    for part in parts:
        after = before + part.quantity
        yield part, line.minor * after // line.quantity - line.minor * before // line.quantity
        before = after
