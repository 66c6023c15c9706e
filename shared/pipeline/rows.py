"""Records as rows and back: original bytes are kept, whatever they are."""

from base64 import b64decode, b64encode
from collections.abc import Mapping

import orjson

from shared.contract.codec import Record


def record_columns(record: Record) -> Mapping[str, object]:
    """Spell a record as JSON columns: bytes as hex, headers as [name, base64 or null] pairs."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "record_offset": record.offset,
        "record_timestamp_ms": record.timestamp_ms,
        "key": hex_or_null(record.key),
        "value": hex_or_null(record.value),
        "headers": [
            [storable(name), None if value is None else b64encode(value).decode()]
            for name, value in record.headers
        ],
    }


def record_of(row: Mapping[str, object]) -> Record:
    """Read a record back from the columns of `record_columns`."""
    return Record(
        topic=str(row["topic"]),
        partition=_integer(row["partition"]),
        offset=_integer(row["record_offset"]),
        timestamp_ms=_integer(row["record_timestamp_ms"]),
        key=_bytes(row["key"]),
        value=_bytes(row["value"]),
        headers=headers_of(row["headers"]),
    )


def headers_of(column: object) -> tuple[tuple[str, bytes | None], ...]:
    """Read headers back from their JSON column."""
    pairs = orjson.loads(_bytes(column) or b"[]")
    return tuple([(name, None if text is None else b64decode(text)) for name, text in pairs])


def storable(text: str) -> str:
    """Spell out what PostgreSQL has no text for: NUL, and what was no UTF-8."""
    readable = text.encode("utf-8", "backslashreplace").decode()
    return readable.replace("\x00", "\\x00")


def hex_or_null(value: bytes | None) -> str | None:
    """Spell bytes as the text that PostgreSQL reads as bytea."""
    return None if value is None else "\\x" + value.hex()


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected an integer column, got {type(value).__name__}")
    return value


def _bytes(value: object) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    raise TypeError(f"expected a column of bytes, got {type(value).__name__}")
