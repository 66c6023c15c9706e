"""Cursors: where the page before ended, in a form that promises nothing about how."""

import re
from base64 import b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

MAX_SEQ: Final = 2**63 - 1
MAX_POSITION: Final = 2**31 - 1

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NUMBER = r"(0|[1-9][0-9]{0,18})"
_OF_SEQ = re.compile(rf"1:{_NUMBER}", re.ASCII)
_OF_POSITION = re.compile(rf"2:{_NUMBER}", re.ASCII)
_OF_MOMENT = re.compile(rf"3:{_NUMBER}:([A-Za-z0-9._:@-]{{1,64}})", re.ASCII)


class CursorError(ValueError):
    """A cursor that this service has not given out."""


class Place(NamedTuple):
    """Where a redemption stands among a member's."""

    at: datetime
    name: str


def encode_cursor(seq: int) -> str:
    """Return the cursor of the page after the entry of this number."""
    return _encoded(f"1:{seq}")


def decode_cursor(cursor: str) -> int:
    """Return the number of the last entry of the page before. Raises CursorError."""
    seq = int(_matched(_OF_SEQ, cursor)[1])
    if not 0 < seq <= MAX_SEQ:
        raise CursorError(cursor)
    return seq


def encode_position(position: int) -> str:
    """Return the cursor of the page after the reward at this position."""
    return _encoded(f"2:{position}")


def decode_position(cursor: str) -> int:
    """Return the position of the last reward of the page before. Raises CursorError."""
    position = int(_matched(_OF_POSITION, cursor)[1])
    if position > MAX_POSITION:
        raise CursorError(cursor)
    return position


def encode_place(place: Place) -> str:
    """Return the cursor of the page after a redemption."""
    return _encoded(f"3:{(place.at - _EPOCH) // _MICROSECOND}:{place.name}")


def decode_place(cursor: str) -> Place:
    """Return the place of the last redemption of the page before. Raises CursorError."""
    found = _matched(_OF_MOMENT, cursor)
    try:
        at = _EPOCH + int(found[1]) * _MICROSECOND
    except OverflowError as error:
        raise CursorError(cursor) from error
    return Place(at, found[2])


def _encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _matched(pattern: re.Pattern[str], cursor: str) -> re.Match[str]:
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        text = b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except ValueError as error:
        raise CursorError(cursor) from error
    found = pattern.fullmatch(text)
    if found is None:
        raise CursorError(cursor)
    return found
