"""Outbox rows as Kafka records, and the floor below which no row can appear any more."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import orjson

Header: TypeAlias = tuple[str, bytes | None]

SOURCE = b"/jifen"
# Kafka's default for a topic's largest message is 1 MB; this leaves room for the coordinates.
MAX_DEAD_LETTER_BYTES = 900_000

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_SPECVERSION: Header = ("ce_specversion", b"1.0")
_SOURCE: Header = ("ce_source", SOURCE)
_CONTENT_TYPE: Header = ("content-type", b"application/json")


class OutboxRow(NamedTuple):
    """A row of the outbox: an event with its payload, or the number of a dead letter."""

    id: int
    event_id: str
    topic: str
    key: str
    type: str
    payload: str | None
    headers: bytes | None
    dead_letter_id: int | None
    created_at: datetime


class DeadLetter(NamedTuple):
    """A dead letter to publish; without its bytes when they are too large."""

    id: int
    group: str
    topic: str
    partition: int
    offset: int
    reason: str
    at: datetime
    too_large: bool
    key: bytes | None
    value: bytes | None
    headers: bytes


class Outgoing(NamedTuple):
    """One Kafka record, and the outbox row it stands for."""

    row_id: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[Header]


@lru_cache(maxsize=1_024)
def check_topic(topic: str) -> None:
    """Raise ValueError where Kafka could have no topic of this name."""
    if not _TOPIC.fullmatch(topic):
        raise ValueError(f"expected a topic's name, found {topic!r}")


def event_record(row: OutboxRow) -> Outgoing:
    """Return an event as a CloudEvent in binary mode, keyed by its member.

    Raises ValueError when the row can't be a record.
    """
    row_id, event_id, topic, member_id, type_name, payload, more, _, created_at = row
    check_topic(topic)
    if payload is None:
        raise ValueError("the row has no payload")
    key = member_id.encode()
    headers = _envelope(event_id, type_name, created_at, key)
    if more is not None:
        _extend(headers, more)
    return Outgoing(row_id, topic, key, payload.encode(), headers)


def envelope(row: OutboxRow) -> list[Header]:
    """Return the CloudEvents attributes of an event as headers."""
    return _envelope(row.event_id, row.type, row.created_at, row.key.encode())


def _envelope(event_id: str, type_name: str, created_at: datetime, key: bytes) -> list[Header]:
    return [
        _SPECVERSION,
        ("ce_id", event_id.encode()),
        _SOURCE,
        _type_header(type_name),
        ("ce_time", _time(created_at)),
        ("ce_partitionkey", key),
        _CONTENT_TYPE,
    ]


def _time(instant: datetime) -> bytes:
    """Spell an aware time as RFC 3339; `isoformat` says the same, at five times the cost."""
    return orjson.dumps(instant).strip(b'"')


@lru_cache(maxsize=1_024)
def _type_header(type_name: str) -> Header:
    return ("ce_type", type_name.encode())


def _extend(headers: list[Header], document: bytes) -> None:
    more = orjson.loads(document)
    if not isinstance(more, dict):
        raise ValueError("headers: expected an object of names and texts")  # noqa: TRY004
    for name, value in more.items():
        if not isinstance(value, str):
            raise ValueError(f"headers: expected a text for {name!r}")  # noqa: TRY004
        headers.append((name, value.encode()))


def dead_letter_record(row_id: int, letter: DeadLetter) -> Outgoing:
    """Return a dead letter as the record it was, with the coordinates of where that lies.

    Raises ValueError when the letter's headers aren't [name, base64 or null] pairs.
    """
    coordinates = {
        "reason": letter.reason,
        "topic": letter.topic,
        "partition": str(letter.partition),
        "offset": str(letter.offset),
        "group": letter.group,
        "at": letter.at.isoformat(),
    }
    if letter.too_large:
        coordinates["omitted"] = "key value headers"
    headers = _original_headers(letter.headers)
    headers += [(f"jifen-dlq-{name}", text.encode()) for name, text in coordinates.items()]
    # A record needs a key or a value; what had neither (or lost both) gets an empty value.
    value = b"" if letter.key is None and letter.value is None else letter.value
    topic = f"{letter.topic}.{letter.group}.dlq"
    check_topic(topic)
    return Outgoing(row_id, topic, letter.key, value, headers)


def headers_document(headers: Iterable[Header]) -> bytes:
    """Return headers as dead letters keep them: JSON pairs of name and base64 (or null)."""
    return orjson.dumps(
        [(name, None if value is None else b64encode(value).decode()) for name, value in headers]
    )


def _original_headers(document: bytes) -> list[Header]:
    try:
        return [
            (str(name), None if value is None else b64decode(value, validate=True))
            for name, value in orjson.loads(document)
        ]
    except (TypeError, ValueError) as error:
        raise ValueError(f"headers: expected [name, base64 or null] pairs: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Transaction numbers: all below `oldest_running` have ended, `next` has not begun."""

    oldest_running: int
    next: int


class Floor:
    """The id up to which every row is published and deleted, so that reads may start above it.

    Without it, reads of a nearly empty table walk over all rows deleted since the oldest open
    snapshot (a backup, say): 30 ms for 400,000 of them. An id is drawn before its transaction
    commits, so the highest deleted id is no floor by itself: a lower one may still appear.
    It becomes one when every transaction that ran when it was noted has ended, and a read
    after that finds nothing below. (An id drawn by a transaction that has no number yet at
    that moment is why the caller also reads from 0 now and then.)
    """

    def __init__(self) -> None:
        self.value = 0
        self._highest_deleted = 0
        self._candidate: tuple[int, int] | None = None
        self._ripe = False

    def deleted(self, highest_id: int) -> None:
        """Note that rows up to this id were deleted."""
        self._highest_deleted = max(self._highest_deleted, highest_id)

    def observe(self, snapshot: Snapshot) -> None:
        """Note which transactions run, before the next read."""
        if self._candidate is None:
            if self._highest_deleted > self.value:
                self._candidate = (self._highest_deleted, snapshot.next)
        elif snapshot.oldest_running >= self._candidate[1]:
            self._ripe = True

    def read(self, lowest_id: int | None) -> None:
        """Note the lowest id of a read that began after the last `observe` (None: no rows)."""
        if self._candidate is None or not self._ripe:
            return
        if lowest_id is None or lowest_id > self._candidate[0]:
            self.value = self._candidate[0]
            self._candidate, self._ripe = None, False
