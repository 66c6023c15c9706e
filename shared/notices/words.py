"""How numbers, days and names are spelt in each language. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["zh-CN", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")

MISSING: Final = "…"
"""Stands for what a message's data does not say: no message may keep a page from opening."""

_LONGEST_NAME: Final = 256
# Control characters, line and paragraph separators, and what turns the direction of a text round.
_UNREADABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_TIMES: Final = "\u00d7"

Speller: TypeAlias = Callable[[Mapping[str, object], Mapping[str, str]], str]
"""Spells one field from a message's data and the language's reasons."""


def spell(
    field: str, data: Mapping[str, object], reasons: Mapping[str, str], language: Language
) -> str:
    """Spell a field of a template; what is not there or of another kind reads as `MISSING`."""
    try:
        return FIELDS[language][field](data, reasons)
    except (KeyError, TypeError, ValueError):
        return MISSING


def readable(text: str) -> str:
    """Return text without what a reader can't see and a page might obey, and not too long."""
    return _UNREADABLE.sub(" ", text)[:_LONGEST_NAME].strip()


def _points_en(data: Mapping[str, object], _: Mapping[str, str]) -> str:
    points = _whole(data["points"])
    return f"{points:,} point" if points == 1 else f"{points:,} points"


def _points_zh(data: Mapping[str, object], _: Mapping[str, str]) -> str:
    return f"{_whole(data['points']):,} 积分"


def _day_en(data: Mapping[str, object], _: Mapping[str, str]) -> str:
    day = _day(data["expires_on"])
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _day_zh(data: Mapping[str, object], _: Mapping[str, str]) -> str:
    day = _day(data["expires_on"])
    return f"{day.year}年{day.month}月{day.day}日"


def _reward(data: Mapping[str, object], _: Mapping[str, str]) -> str:
    name = readable(_text(data.get("title") or data["reward_id"])) or MISSING
    quantity = _whole(data.get("quantity", 1))
    return name if quantity == 1 else f"{name} {_TIMES} {quantity:,}"


def _reason(data: Mapping[str, object], reasons: Mapping[str, str]) -> str:
    return reasons.get(_text(data.get("reason") or "unknown")) or reasons["unknown"]


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("no integer")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _day(value: object) -> date:
    return date.fromisoformat(_text(value))


FIELDS: Final[Mapping[Language, Mapping[str, Speller]]] = {
    "en": {"points": _points_en, "expires_on": _day_en, "reward": _reward, "reason": _reason},
    "zh-CN": {"points": _points_zh, "expires_on": _day_zh, "reward": _reward, "reason": _reason},
}
"""What templates may name, by language."""
