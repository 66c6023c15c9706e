"""A first look at the whole file: is it understood, and what must be known before telling it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jifen.demo.form import Form
from jifen.demo.parse import Skip, is_return_of, read
from jifen.demo.returns import Item, item_of

_REPORT_EVERY_ROWS = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What one reading of the file says about it.

    `digest`: SHA-256 of its bytes; `last_at`: the latest local time of what will be told;
    `last_rows`: the last line of each invoice; `given_back`: the items of returns, so that
    telling needs to remember no others.
    """

    digest: str
    rows: int
    last_at: datetime | None
    last_rows: Mapping[str, int]
    given_back: frozenset[Item]


def survey(path: Path, form: Form, say_row: Callable[[int], None] = lambda _: None) -> Survey:
    """Read the file to its end; raises ReplayError before anything is told."""
    rows = 0
    last_at: datetime | None = None
    last_rows: dict[str, int] = {}
    given_back: set[Item] = set()
    for row in read(path, form):
        rows += 1
        last_rows[row.invoice] = row.number
        if not isinstance(row.what, Skip):
            last_at = max(last_at or row.what.at, row.what.at)
            if is_return_of(row.invoice, form):
                given_back.add(item_of(row.what.member_id, row.what.sku))
        if rows % _REPORT_EVERY_ROWS == 0:
            say_row(rows)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Survey(
        digest=digest,
        rows=rows,
        last_at=last_at,
        last_rows=last_rows,
        given_back=frozenset(given_back),
    )
