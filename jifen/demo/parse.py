"""An order-lines CSV as rows: what each line sells or takes back, or why it counts for nothing.

A line that is understood but no sale of goods to a known customer is skipped with a reason. A line
that is not understood (a date, quantity or price in another notation) ends the reading: it would
not be the only one, and half-understood sales turn into wrong points.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from operator import itemgetter
from pathlib import Path
from typing import Final

from jifen.demo import times
from jifen.demo.errors import ReplayError
from jifen.demo.form import Form
from shared.contract.types import MAX_COUNT, MAX_MINOR, TEXT_PATTERN

MAX_INVOICE_CHARACTERS: Final = 24  # so that ids joined of two invoices stay ids
MAX_CUSTOMER_CHARACTERS: Final = 40
MAX_SKU_CHARACTERS: Final = 64
_ID = re.compile(r"[A-Za-z0-9._:@-]+")
_TEXT = re.compile(TEXT_PATTERN)
_INTEGER = re.compile(r"([+-]?[0-9]{1,10})(?:\.0+)?")  # a table program may have added the .0
_PRICE = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,12})?")
# Products of the longest price and quantity are exact; only the one rounding is a rounding.
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_MAX_SHOWN = 40


class Skip(StrEnum):
    """Why a line counts for nothing."""

    NO_CUSTOMER = "no customer"
    BAD_CUSTOMER = "customer is no id"
    BAD_INVOICE = "invoice is no id"
    SECOND_CUSTOMER = "invoice of another customer"
    NO_GOODS = "no goods"
    ZERO_QUANTITY = "zero quantity"
    NEGATIVE_QUANTITY = "negative quantity in a sale"
    POSITIVE_RETURN = "positive quantity in a return"
    ZERO_PRICE = "zero price"
    NEGATIVE_PRICE = "negative price"
    TOO_LARGE = "more than the contract's largest amount"
    TOO_MANY_LINES = "order of more lines than the contract takes"


@dataclass(frozen=True, kw_only=True, slots=True)
class Goods:
    """Goods that a member bought or, on a return, gave back; `minor` is the money for them all.

    `at` is the shop's local time, without zone; in the hour that clocks repeat, `fold` tells.
    """

    member_id: str
    sku: str
    quantity: int
    minor: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the file; `number` is the line's, counted from 1."""

    number: int
    invoice: str
    what: Goods | Skip


def read(path: Path, form: Form) -> Iterator[Row]:
    """Read a file line by line; raises ReplayError where it can't be understood."""
    number = 1
    try:
        with path.open(encoding=form.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=form.delimiter, strict=True)
            line = _Line(path, form, next(reader, []))
            for cells in reader:
                number = reader.line_num
                if cells:
                    yield line.row(number, cells)
    except OSError as error:
        raise ReplayError(f"{path}: {error.strerror or error}") from None
    except UnicodeError:
        raise ReplayError(
            f"{path}, line {_undecodable(path, form)}: expected {form.encoding}, got other bytes: "
            "name the file's encoding, for example --encoding latin-1"
        ) from None
    except csv.Error as error:
        raise ReplayError(f"{path}, after line {number}: no CSV: {error}") from None


def money(price: Decimal, quantity: int, minor_digits: int) -> int:
    """Return quantity x price in minor units, rounded once, half away from zero."""
    exact = _EXACT.multiply(price, Decimal(quantity)).scaleb(minor_digits, _EXACT)
    return int(exact.to_integral_value(ROUND_HALF_UP))


class _Line:
    """Turns the cells of a line into a row."""

    def __init__(self, path: Path, form: Form, header: Sequence[str]) -> None:
        self._path = path
        self._form = form
        self._width = len(header)
        self._cells = itemgetter(*_places(path, form, header))
        self._goods = re.compile(form.goods)
        self._time = times.reader(form.date_format, form.zone)

    def row(self, number: int, cells: Sequence[str]) -> Row:
        if len(cells) != self._width:
            # A decimal comma does this too: better no price than the half of one.
            raise ReplayError(
                f"{self._path}, line {number}: expected {self._width} columns as in the header, "
                f"got {len(cells)}"
            )
        texts = [text.strip() for text in self._cells(cells)]
        what = self._skip_at_once(texts) or self._what(number, texts)
        return Row(number=number, invoice=texts[0], what=what)

    def _skip_at_once(self, texts: Sequence[str]) -> Skip | None:
        """Look at the ids alone: what stands beside them on a line without goods is anything."""
        invoice, sku, customer = texts[0], texts[1], texts[5]
        if not customer:
            return Skip.NO_CUSTOMER
        if not _is_id(_number_of(customer), MAX_CUSTOMER_CHARACTERS):
            return Skip.BAD_CUSTOMER
        if not _is_id(invoice, MAX_INVOICE_CHARACTERS):
            return Skip.BAD_INVOICE
        is_text = len(sku) <= MAX_SKU_CHARACTERS and _TEXT.match(sku)
        return None if is_text and self._goods.fullmatch(sku) else Skip.NO_GOODS

    def _what(self, number: int, texts: Sequence[str]) -> Goods | Skip:
        invoice, sku, _, _, _, customer = texts
        quantity = self._quantity(number, texts[2])
        price = self._price(number, texts[4])
        is_return = is_return_of(invoice, self._form)
        skip = _skip(quantity, price, is_return=is_return)
        minor = money(price, abs(quantity), self._form.minor_digits)
        if skip is None and (minor > MAX_MINOR or abs(quantity) > MAX_COUNT):
            skip = Skip.TOO_LARGE
        return skip or Goods(
            member_id=self._form.member_prefix + _number_of(customer),
            sku=sku,
            quantity=abs(quantity),
            minor=minor,
            at=self._at(number, texts[3]),
        )

    def _quantity(self, number: int, text: str) -> int:
        match = _INTEGER.fullmatch(text)
        if match is None:
            column = self._form.columns.quantity
            raise self._refusal(number, column, "a whole number", text)
        return int(match[1])

    def _price(self, number: int, text: str) -> Decimal:
        if not _PRICE.fullmatch(text):
            column = self._form.columns.price
            raise self._refusal(number, column, "a number such as 2.55", text)
        return Decimal(text)

    def _at(self, number: int, text: str) -> datetime:
        try:
            return self._time(text)
        except (ValueError, OverflowError):
            given = self._form.date_format
            expected = times.UNDERSTOOD if given is None else f"a time such as {given!r}"
            raise self._refusal(number, self._form.columns.time, expected, text) from None

    def _refusal(self, number: int, what: str, expected: str, got: str) -> ReplayError:
        shown = got if len(got) <= _MAX_SHOWN else f"{got[:_MAX_SHOWN]}…"
        return ReplayError(
            f"{self._path}, line {number}: {what}: expected {expected}, got {shown!r}"
        )


def is_return_of(invoice: str, form: Form) -> bool:
    """Tell a return from a sale by its number."""
    return bool(form.return_prefix) and invoice.startswith(form.return_prefix)


def _number_of(customer: str) -> str:
    """Return a customer's number without what a table program may have added."""
    return customer.removesuffix(".0")


def _is_id(text: str, longest: int) -> bool:
    return len(text) <= longest and _ID.fullmatch(text) is not None


def _skip(quantity: int, price: Decimal, *, is_return: bool) -> Skip | None:
    if quantity == 0:
        return Skip.ZERO_QUANTITY
    if is_return != (quantity < 0):
        return Skip.POSITIVE_RETURN if is_return else Skip.NEGATIVE_QUANTITY
    if price <= 0:
        return Skip.NEGATIVE_PRICE if price < 0 else Skip.ZERO_PRICE
    return None


def _places(path: Path, form: Form, header: Sequence[str]) -> list[int]:
    """Say where the columns are; one that is missing is named together with what is there."""
    there = [name.strip() for name in header]
    missing = [name for name in form.columns.names if name not in there]
    if missing:
        raise ReplayError(
            f"{path}: expected the column {', '.join(missing)}; there are: "
            f"{', '.join(there) or 'none, the file is empty'}. Name columns and delimiter "
            "with the options of `jifen orders replay --help`"
        )
    twice = [name for name in form.columns.names if there.count(name) > 1]
    if twice:
        raise ReplayError(f"{path}: expected the column {', '.join(twice)} once, found it twice")
    return [there.index(name) for name in form.columns.names]


def _undecodable(path: Path, form: Form) -> int:
    """Find the first line that is not in the encoding; the reader itself is some lines ahead."""
    with path.open(encoding=form.encoding, errors="replace", newline="") as file:
        return next((n for n, line in enumerate(file, 1) if "\ufffd" in line), 1)
