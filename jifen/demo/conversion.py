"""A file as what is to be told: its orders, then what its returns give back."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from jifen.demo.form import Form
from jifen.demo.orders import Desk, Order, Return, Skipped, invoices
from jifen.demo.parse import read
from jifen.demo.returns import Purchases, Refund, Unmatched
from jifen.demo.survey import Survey


class Conversion:
    """Reads the file once more and makes orders and refunds of it.

    Held in memory: the lines of open invoices, the returns (a few in a hundred lines), and what
    was bought of the items that they give back.
    """

    def __init__(self, path: Path, form: Form, survey: Survey, *, shift_days: int = 0) -> None:
        self._path = path
        self._form = form
        self._survey = survey
        self._desk = Desk(form=form, zone=ZoneInfo(form.zone), shift_days=shift_days)
        self._purchases = Purchases(survey.given_back, order_prefix=form.order_prefix)
        self._returns: list[Return] = []
        self.rows = 0
        self.orders_made = 0
        self.refunds_made = 0
        self.skipped: Skipped = Counter()
        self.unmatched: list[Unmatched] = []

    def orders(self) -> Iterator[Order]:
        """Go through the file."""
        for rows in invoices(read(self._path, self._form), self._survey.last_rows):
            self.rows += len(rows)
            made, skipped = self._desk.settle(rows)
            self.skipped += skipped
            if isinstance(made, Return):
                self._returns.append(made)
            elif made is not None:
                self._purchases.remember(made)
                self.orders_made += 1
                yield made

    def refunds(self) -> Iterator[Refund]:
        """Match the returns, oldest first; call it when the orders are through.

        Only then is every order known: a file need not be sorted by time.
        """
        for returned in sorted(self._returns, key=lambda one: (one.returned_at, one.invoice)):
            refunds, unmatched = self._purchases.match(returned)
            self.unmatched += unmatched
            self.refunds_made += len(refunds)
            yield from refunds
