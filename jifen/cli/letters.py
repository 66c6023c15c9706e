"""How dead letters and entries are printed, for people and as JSON."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict

import orjson

from jifen.cli.tables import as_text, instant, text_of
from shared.contract.codec import Record
from shared.pipeline.operator import DeadLetter, EntryLine, WholeLetter

HEADER = ("ID", "AT", "GROUP", "RECORD", "REASON", "MEMBER", "DETAIL")
_DETAIL_CHARACTERS = 60


def row(letter: DeadLetter) -> tuple[str, ...]:
    """Return a dead letter as the cells of one line, under HEADER."""
    return (
        str(letter.id),
        instant(letter.at),
        letter.group,
        _place(letter),
        letter.reason,
        letter.member_id or "",
        _first_line(letter.detail),
    )


def fields(one: WholeLetter, entry: EntryLine | None) -> Iterator[tuple[str, str]]:
    """Yield a dead letter as names and values; `entry` is what the member has for its cause."""
    letter, record = one.letter, one.record
    yield "dead letter", str(letter.id)
    yield "state", settled(letter) if letter.settled else "open"
    yield "at", instant(letter.at)
    yield "group", letter.group
    yield "record", _place(letter)
    yield "reason", letter.reason
    if letter.isolated:
        yield "isolated", "it raised in our own code, alone: it counts against the brake"
    yield "detail", letter.detail
    if letter.member_id is not None and letter.cause is not None:
        yield "member", letter.member_id
        yield "cause", letter.cause
    yield from _record_fields(one, record)
    if entry is not None:
        yield "entry", entry_line(entry)
        yield "", entry.reason


def entry_line(entry: EntryLine) -> str:
    """Say what an entry did, in one line."""
    return (
        f"{entry.kind} {entry.points:+d} for {entry.member_id}, balance {entry.balance}, entry"
        f" {entry.member_id}/{entry.seq}, posted {instant(entry.posted_at)}"
    )


def settled(letter: DeadLetter) -> str:
    """Say what became of a dead letter that is settled."""
    if letter.replayed_at is not None:
        return f"replayed {instant(letter.replayed_at)}"
    return f"dismissed {instant(letter.dismissed_at)} by {letter.dismissed_by}"


def document(one: WholeLetter, entry: EntryLine | None) -> dict[str, object]:
    """Return a dead letter for JSON: bytes are {"text": …} or {"base64": …}, absent ones null."""
    return {
        **asdict(one.letter),
        "can_be_replayed": one.has_bytes,
        "key": _bytes(one.record.key),
        "value": _bytes(one.record.value),
        "headers": [[name, _bytes(value)] for name, value in one.record.headers],
        "entry": None if entry is None else entry_document(entry),
    }


def entry_document(entry: EntryLine) -> dict[str, object]:
    """Return an entry for JSON, its reason as the JSON it is."""
    return {
        **asdict(entry),
        "entry_id": f"{entry.member_id}/{entry.seq}",
        "reason": orjson.Fragment(entry.reason),
    }


def _record_fields(one: WholeLetter, record: Record) -> Iterator[tuple[str, str]]:
    if not one.has_bytes:
        yield "value", "could not be read, only where it is: it can't be replayed"
        return
    yield "key", text_of(record.key)
    headers = [f"{_name(name)}: {text_of(value)}" for name, value in record.headers]
    yield "headers", "\n".join(headers) or "(none)"
    yield "value", text_of(record.value)


def _name(name: str) -> str:
    return name if name.isprintable() else ascii(name)


def _place(letter: DeadLetter) -> str:
    return f"{letter.topic}/{letter.partition}@{letter.offset}"


def _first_line(text: str) -> str:
    first, _, more = text.partition("\n")
    if not more and len(first) <= _DETAIL_CHARACTERS:
        return first
    return first[:_DETAIL_CHARACTERS] + "…"


def _bytes(value: bytes | None) -> dict[str, str] | None:
    if value is None:
        return None
    text = as_text(value)
    return {"base64": b64encode(value).decode()} if text is None else {"text": text}
