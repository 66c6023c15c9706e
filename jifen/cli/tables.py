"""How commands print what they found: aligned columns, times, and bytes that are safe to show."""

from codecs import getincrementaldecoder
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import orjson

from jifen.cli.context import output

SHOWN_BYTES = 4_096
"""Enough of a value to see what is wrong with it; JSON output has all of it."""


_NAMES = 12


def say(text: str) -> None:
    """Print a line as it is: no markup, no colours, no wrapping."""
    output.out(text, highlight=False)


def say_json(value: object) -> None:
    """Print one JSON document; times as RFC 3339."""
    say(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def say_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns as wide as their widest cell."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        say("  ".join(cells).rstrip())


def say_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one a line; further lines of a value are indented."""
    for name, value in fields:
        first, *more = value.split("\n")
        say(f"{name:<{_NAMES}} {first}".rstrip())
        for line in more:
            say(f"{'':<{_NAMES}} {line}".rstrip())


def instant(at: datetime | None) -> str:
    """Spell a time in UTC to the second; empty for none."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of(value: bytes | None) -> str:
    """Show bytes as text where they are text, else as hex; never what a terminal would obey."""
    if value is None:
        return "(none)"
    cut, whole = value[:SHOWN_BYTES], len(value) <= SHOWN_BYTES
    text = as_text(cut, whole=whole)
    shown = f"hex {cut.hex()}" if text is None else text
    return shown if whole else f"{shown}… ({len(value):,} bytes in all)"


def as_text(value: bytes, *, whole: bool = True) -> str | None:
    """Return bytes as text where they are UTF-8 that can be printed, else None.

    Where the bytes are not the whole value, they may end in the middle of a character.
    """
    try:
        text = getincrementaldecoder("utf-8")().decode(value, final=whole)
    except UnicodeDecodeError:
        return None
    return text if all(letter.isprintable() or letter in "\n\t" for letter in text) else None
