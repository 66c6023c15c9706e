"""CloudEvents attributes: the ones we need are refused when bad, the others just dropped."""

import re
from collections.abc import Mapping
from datetime import datetime

from shared.contract.refusal import ContractError, shown
from shared.contract.types import parse_instant

SPEC_VERSION = "1.0"
MAX_ATTRIBUTE_CHARACTERS = 255

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def check_version(name: str, version: str) -> None:
    """Refuse another version of CloudEvents."""
    if version != SPEC_VERSION:
        raise ContractError(
            "invalid-attribute", f"{name}: expected {SPEC_VERSION}, got {shown(version)}"
        )


def header_text(headers: Mapping[str, bytes | None], name: str) -> str:
    """Return a header the contract needs, as text."""
    value = headers.get(name)
    if value is None:
        came = "a header without value" if name in headers else "no such header"
        raise ContractError("missing-attribute", f"{name}: expected text, got {came}")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ContractError(
            "header-not-text", f"{name}: expected UTF-8, got {shown(value.decode('latin-1'))}"
        ) from None


def member_text(envelope: Mapping[str, object], name: str) -> str:
    """Return an attribute the contract needs from a structured event."""
    value = envelope.get(name)
    if value is None:
        raise ContractError("missing-attribute", f"{name}: expected text, got nothing")
    if not isinstance(value, str):
        raise ContractError("invalid-attribute", f"{name}: expected text, got {shown(value)}")
    return value


def checked(name: str, text: str) -> str:
    """Refuse text that is empty, too long, or holds control characters."""
    if not _is_attribute(text):
        raise ContractError(
            "invalid-attribute",
            f"{name}: expected 1 to {MAX_ATTRIBUTE_CHARACTERS} characters without control "
            f"characters, got {shown(text)}",
        )
    return text


def _is_attribute(text: str) -> bool:
    if not 0 < len(text) <= MAX_ATTRIBUTE_CHARACTERS:
        return False
    return text.isprintable() or _CONTROL.search(text) is None


def optional_header(value: bytes | None) -> str | None:
    """Return a header as text, None where it is absent or no text."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def text_or_none(value: object) -> str | None:
    """Return an optional attribute, None where it is no good."""
    return value if isinstance(value, str) and _is_attribute(value) else None


def time_or_none(value: object) -> datetime | None:
    """Return an optional time in UTC, None where it is no good."""
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def traceparent_or_none(value: object) -> str | None:
    """Return a W3C trace context, None where it is no good."""
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None


def instant_text(moment: datetime) -> str:
    """Return an instant as the wire writes it."""
    return moment.isoformat().replace("+00:00", "Z")
