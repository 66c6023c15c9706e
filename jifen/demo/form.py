"""How an order-lines file is written; the defaults are those of the UCI "Online Retail" file."""

import re
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from jifen.demo.errors import ReplayError

# Room for what is joined into one id of at most 64 characters: see `orders.refund_id`.
MAX_PREFIX_CHARACTERS: Final = 12
_PREFIX = re.compile(rf"[A-Za-z0-9._:@-]{{0,{MAX_PREFIX_CHARACTERS}}}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MAX_MINOR_DIGITS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """What the columns are called; others are not looked at."""

    invoice: str = "InvoiceNo"
    sku: str = "StockCode"
    quantity: str = "Quantity"
    time: str = "InvoiceDate"
    price: str = "UnitPrice"
    customer: str = "CustomerID"

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order in which a line is read."""
        return (self.invoice, self.sku, self.quantity, self.time, self.price, self.customer)


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """How a file is written, and how its orders and members are to be called.

    `goods` is what a stock code looks like (compared with the whole code): five digits and some
    letters in the Online Retail file, where postage, fees, discounts and corrections are codes
    such as POST, D, M and BANK CHARGES. `date_format` is strptime's; without one ISO 8601 and
    the original's month/day/year are understood.
    """

    columns: Columns = field(default_factory=Columns)
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    date_format: str | None = None
    zone: str = "Europe/London"
    currency: str = "GBP"
    minor_digits: int = 2
    goods: str = "[0-9]{5}[A-Za-z]*"
    return_prefix: str = "C"
    member_prefix: str = "uk-"
    order_prefix: str = ""

    def __post_init__(self) -> None:
        """Refuse what no file could be read by."""
        self._check_names()
        _expect(
            _CURRENCY.fullmatch(self.currency) is not None,
            f"currency: expected three capital letters, as in GBP, got {self.currency!r}",
        )
        _expect(
            0 <= self.minor_digits <= _MAX_MINOR_DIGITS,
            f"minor digits: expected 0 to {_MAX_MINOR_DIGITS}, got {self.minor_digits}",
        )
        _expect(
            len(self.delimiter) == 1 and self.delimiter not in '\r\n"',
            f"delimiter: expected one character, got {self.delimiter!r}",
        )
        for name in ("member_prefix", "order_prefix"):
            given: str = getattr(self, name)
            _expect(
                _PREFIX.fullmatch(given) is not None,
                f"{name.replace('_', ' ')}: expected at most {MAX_PREFIX_CHARACTERS} characters "
                f"of A-Za-z0-9._:@-, got {given!r}",
            )

    def _check_names(self) -> None:
        try:
            # Unlike a look-up, this refuses what is a codec and no text's: base64, say.
            "".encode(self.encoding)
        except (LookupError, ValueError):
            raise ReplayError(f"encoding: there is none called {self.encoding!r}") from None
        try:
            ZoneInfo(self.zone)
        except (LookupError, ValueError):
            raise ReplayError(f"time zone: there is none called {self.zone!r}") from None
        try:
            re.compile(self.goods)
        except re.error as error:
            raise ReplayError(f"goods: no regular expression: {error}") from None


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001  # the assertion of this module
    if not holds:
        raise ReplayError(otherwise)
