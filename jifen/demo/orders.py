"""Rows to orders and returns. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from jifen.demo.form import Form
from jifen.demo.parse import Goods, Row, Skip, is_return_of
from jifen.demo.times import instant
from shared.contract.types import MAX_LINES, MAX_MINOR

Skipped: TypeAlias = Counter[Skip]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of an order; `line_id` is its place in the invoice, skipped lines counted too."""

    line_id: str
    sku: str
    quantity: int
    minor: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """An invoice of goods."""

    order_id: str
    member_id: str
    paid_at: datetime
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """An invoice of goods given back; which order they came from is not known."""

    invoice: str
    member_id: str
    returned_at: datetime
    lines: tuple[Line, ...]


def invoices(rows: Iterable[Row], last_rows: Mapping[str, int]) -> Iterator[list[Row]]:
    """Group rows by invoice; `last_rows` says which line is an invoice's last.

    Only what is still open is held: one invoice, where the file has them one after the other.
    """
    still_open: dict[str, list[Row]] = {}
    for row in rows:
        still_open.setdefault(row.invoice, []).append(row)
        if last_rows[row.invoice] == row.number:
            yield still_open.pop(row.invoice)


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Makes orders and returns of invoices, at times moved by whole days."""

    form: Form
    zone: ZoneInfo
    shift_days: int = 0

    def settle(self, rows: Sequence[Row]) -> tuple[Order | Return | None, Skipped]:
        """Make an order or a return of an invoice's rows, and count what is skipped.

        The invoice belongs to the first customer it names; its time is the earliest of its lines.
        """
        goods, skipped = _of_one_member(rows)
        if goods:
            refused = _refused(goods)
            if refused is None:
                return self._made(rows[0].invoice, goods), skipped
            skipped[refused] += len(goods)
        return None, skipped

    def _made(self, invoice: str, goods: Sequence[tuple[int, Goods]]) -> Order | Return:
        member_id = goods[0][1].member_id
        at = min([instant(one.at, self.zone, self.shift_days) for _, one in goods])
        lines = tuple(
            [
                Line(line_id=str(place), sku=one.sku, quantity=one.quantity, minor=one.minor)
                for place, one in goods
            ]
        )
        if is_return_of(invoice, self.form):
            return Return(invoice=invoice, member_id=member_id, returned_at=at, lines=lines)
        order_id = self.form.order_prefix + invoice
        return Order(order_id=order_id, member_id=member_id, paid_at=at, lines=lines)


def _of_one_member(rows: Sequence[Row]) -> tuple[list[tuple[int, Goods]], Skipped]:
    goods: list[tuple[int, Goods]] = []
    skipped: Skipped = Counter()
    for place, row in enumerate(rows, 1):
        if isinstance(row.what, Skip):
            skipped[row.what] += 1
        elif goods and goods[0][1].member_id != row.what.member_id:
            skipped[Skip.SECOND_CUSTOMER] += 1
        else:
            goods.append((place, row.what))
    return goods, skipped


def _refused(goods: Sequence[tuple[int, Goods]]) -> Skip | None:
    """Say why the contract would refuse an order as a whole."""
    if len(goods) > MAX_LINES:
        return Skip.TOO_MANY_LINES
    total = sum([one.minor for _, one in goods])
    return Skip.TOO_LARGE if total > MAX_MINOR else None
