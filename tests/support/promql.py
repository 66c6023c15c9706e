"""PromQL, as far as which series an expression names, and what a registry would expose."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry

OF_PROMETHEUS: Final = frozenset({"up"})
"""What no service registers: Prometheus writes it about each target."""

_TEXT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_COMMENT = re.compile(r"#.*")
_SELECTOR = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
# Label lists, and the labels that come along in a join.
_LABELS = re.compile(
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", re.IGNORECASE
)
_DURATION = re.compile(r"\boffset\s+-?[0-9a-z]+", re.IGNORECASE)
_WORD = re.compile(r"(?<![\w.:$])[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()")
_OPERATORS: Final = frozenset(
    {"and", "or", "unless", "bool", "by", "without", "on", "ignoring"}
    | {"group_left", "group_right", "offset", "inf", "nan", "atan2"}
)


def series_of(expression: str) -> frozenset[str]:
    """Return the names of the series that an expression reads, recorded ones included."""
    bare = _COMMENT.sub("", _TEXT.sub('""', expression))
    for pattern in (_SELECTOR, _LABELS, _DURATION):
        bare = pattern.sub(" ", bare)
    words = {word for word in _WORD.findall(bare) if word.lower() not in _OPERATORS}
    return frozenset(words)


def unknown_series(
    expressions: Iterable[str], registry: CollectorRegistry, recorded: Iterable[str] = ()
) -> frozenset[str]:
    """Return what expressions read and neither the registry nor a recording rule has."""
    known = {*exposed(registry), *recorded, *OF_PROMETHEUS}
    return frozenset(
        name for expression in expressions for name in series_of(expression) if name not in known
    )


def exposed(registry: CollectorRegistry) -> Iterator[str]:
    """Yield the series of a registry's metrics, those included that nothing has touched yet."""
    for family in registry.collect():
        match family.type:
            case "counter":
                yield f"{family.name}_total"
            case "histogram":
                yield from (f"{family.name}_{part}" for part in ("bucket", "count", "sum"))
            case "info":
                yield f"{family.name}_info"
            case _:
                yield family.name
