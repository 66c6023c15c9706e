"""Why a record is refused, in words for the people who sent it."""

from typing import ClassVar, Literal

from pydantic import ValidationError
from pydantic_core import ErrorDetails

ContractReason = Literal[
    "tombstone",
    "too-large",
    "unsupported-content-type",
    "header-not-text",
    "missing-attribute",
    "invalid-attribute",
    "unknown-type",
    "not-json",
    "invalid-data",
]

MAX_LISTED = 10  # a bad list repeats one mistake a thousand times; ten lines show it
MAX_SHOWN = 60  # characters of a value that came: enough to recognise it

_WORDS: dict[str, str] = {
    "missing": "a value",
    "model_type": "an object",
    "dataclass_type": "an object",
    "tuple_type": "a list",
}


class ContractError(Exception):
    """A record breaks the contract, and always will: dead-letter it, never retry."""

    outcome: ClassVar[Literal["dead-letter"]] = "dead-letter"

    def __init__(self, reason: ContractReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: ContractReason = reason
        self.detail = detail


def refuse_data(error: ValidationError) -> ContractError:
    """Turn pydantic's findings into lines of `path: expected …, got …`."""
    findings = error.errors(include_url=False)
    if findings[0]["type"] == "json_invalid":
        return ContractError("not-json", findings[0]["msg"])
    own = [finding for finding in findings if not _only_follows(finding)]
    lines = [_line(finding) for finding in own[:MAX_LISTED]]
    if len(own) > MAX_LISTED:
        lines.append(f"and {len(own) - MAX_LISTED} more")
    return ContractError("invalid-data", "\n".join(lines))


def _only_follows(finding: ErrorDetails) -> bool:
    """Pydantic calls a list empty when none of its items was any good; those say so themselves."""
    return finding["type"] == "too_short" and bool(finding["input"])


def _line(finding: ErrorDetails) -> str:
    path = ".".join(str(step) for step in finding["loc"]) or "data"
    return f"{path}: {_expectation(finding)}"


def _expectation(finding: ErrorDetails) -> str:
    kind, limits = finding["type"], finding.get("ctx", {})
    if kind == "missing":
        return "expected a value, got nothing"
    if kind == "value_error":
        return str(limits["error"])
    if kind == "too_short":
        return "expected at least 1 item, got none"
    if kind == "too_long":
        return f"expected at most {limits['max_length']} items"
    words = finding["msg"] if kind == "expected" else _WORDS.get(kind, finding["msg"])
    return f"expected {words}, got {shown(finding['input'])}"


def shown(value: object) -> str:
    """Return a value as it looked in JSON, shortened, in characters that are safe to store."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value) if abs(value) < 10**MAX_SHOWN else "a number out of all bounds"
    if isinstance(value, str):
        return _shortened(value)
    return "a list" if isinstance(value, list | tuple) else "an object"


def _shortened(text: str) -> str:
    if len(text) <= MAX_SHOWN:
        return ascii(text)
    return f"{text[:MAX_SHOWN]!a}… ({len(text)} characters)"
