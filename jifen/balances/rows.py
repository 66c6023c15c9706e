"""A CSV of balances, line by line: rows, and what is wrong with those that are none."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from jifen.stack.errors import StackError
from shared.contract.types import ID_PATTERN, MAX_DAY_YEAR, MAX_POINTS

EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(MAX_DAY_YEAR, 12, 31)

_ID: Final = re.compile(ID_PATTERN)
_SHOWN: Final = 40


class BalancesError(StackError):
    """The file can't be read as balances at all; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a file is written; `date_format` is strptime's, ISO 8601 without one."""

    member: str = "member"
    points: str = "points"
    expires: str = "expires_on"
    date_format: str | None = None
    encoding: str = "utf-8-sig"
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Row:
    """Points of one member with one date; None is never. `line` is its number in the file."""

    line: int
    member_id: str
    points: int
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that is no row: what was expected, and what came."""

    line: int
    message: str


class _WrongError(Exception):
    """A cell is not what its column wants."""


def read(file: Path, form: Form) -> Iterator[Row | Fault]:
    """Yield what each line says, in order; empty lines say nothing. Raises BalancesError."""
    try:
        with file.open(encoding=form.encoding, newline="") as text:
            yield from _read_text(text, form)
    except UnicodeDecodeError as error:
        raise BalancesError(
            f"{file}: expected {form.encoding}, got bytes that are none ({error.reason}): name"
            " the file's own with --encoding"
        ) from None
    except csv.Error as error:
        raise BalancesError(f"{file} is no CSV: {error}") from None
    except LookupError:
        raise BalancesError(f"encoding: there is none called {form.encoding!r}") from None
    except (OSError, TypeError) as error:
        raise BalancesError(f"{file} can't be read: {error}") from None


def _read_text(text: Iterable[str], form: Form) -> Iterator[Row | Fault]:
    lines = csv.reader(text, delimiter=form.delimiter, strict=True)
    places = _places(next(lines, []), form)
    for cells in lines:
        if cells:
            yield _read_line(lines.line_num, cells, places, form)


def _places(header: Sequence[str], form: Form) -> Mapping[str, int]:
    names = [name.strip() for name in header]
    missing = [name for name in (form.member, form.points, form.expires) if name not in names]
    if missing:
        raise BalancesError(
            f"the header: expected columns {', '.join(missing)}, got {', '.join(names) or 'none'}:"
            " name yours with --member, --points and --expires"
        )
    twice = [name for name in (form.member, form.points, form.expires) if names.count(name) > 1]
    if twice:
        raise BalancesError(f"the header: expected {', '.join(twice)} once, found it twice")
    return {name: names.index(name) for name in (form.member, form.points, form.expires)}


def _read_line(
    line: int, cells: Sequence[str], places: Mapping[str, int], form: Form
) -> Row | Fault:
    last = max(places.values())
    if len(cells) <= last:
        return Fault(line, f"expected {last + 1} columns or more, got {len(cells)}")
    try:
        return Row(
            line,
            _member(form.member, cells[places[form.member]].strip()),
            _points(form.points, cells[places[form.points]].strip()),
            _day(form, cells[places[form.expires]].strip()),
        )
    except _WrongError as wrong:
        return Fault(line, str(wrong))


def _member(column: str, text: str) -> str:
    if not _ID.fullmatch(text):
        raise _WrongError(
            f"{column}: expected 1 to 64 characters of A-Za-z0-9._:@-, got {_got(text)}"
        )
    return text


def _points(column: str, text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_POINTS)):
        points = int(text)
        if points <= MAX_POINTS:
            return points
    raise _WrongError(f"{column}: expected an integer from 0 to {MAX_POINTS}, got {_got(text)}")


def _day(form: Form, text: str) -> date | None:
    if not text:
        return None
    wanted = form.date_format or "YYYY-MM-DD"
    try:
        day = (
            date.fromisoformat(text)
            if form.date_format is None
            else datetime.strptime(text, form.date_format).date()  # noqa: DTZ007 - a day alone
        )
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        raise _WrongError(
            f"{form.expires}: expected a day from {EARLIEST} to {LATEST} as {wanted}, or nothing"
            f" for never, got {_got(text)}"
        )
    return day


def _got(text: str) -> str:
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"
