"""Rows to earn's route, as many at a time as one request takes, and what became of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import orjson
from pydantic import BaseModel

from jifen.balances.rows import Row
from jifen.client.asked import Asked

MOST_ROWS: Final = 1_000
# A request's body may have 64 KiB; what is around the rows fits into the rest.
MOST_BYTES: Final = 65_000


class Value(BaseModel):
    """What a row says."""

    member_id: str
    points: int
    expires_on: date | None


class Conflict(BaseModel):
    """A row that was imported before, and said something else."""

    row: int
    expected: Value
    got: Value


class _Answer(BaseModel):
    posted: int
    points: int
    expired: int
    repeated: int
    conflicts: list[Conflict]


@dataclass(slots=True, kw_only=True)
class Summary:
    """What became of a file's rows; `points` are those of new rows, `expired` a part of them."""

    rows: int = 0
    posted: int = 0
    points: int = 0
    expired: int = 0
    repeated: int = 0
    conflicts: list[Conflict] = field(default_factory=list)


async def send(
    earn: Asked,
    batch: str,
    rows: Iterable[Row],
    *,
    dry_run: bool,
    told: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Send rows in order, each request whole or not at all; `told` hears of rows as they are done.

    Killed half-way, it is simply done again: rows that are there count as repeated.
    """
    summary = Summary()
    for chunk in chunks(rows):
        body = {"dry_run": dry_run, "rows": [orjson.Fragment(row) for row in chunk]}
        answer = await earn.post(_Answer, f"/v1/imports/{batch}/rows", body)
        summary.rows += len(chunk)
        summary.posted += answer.posted
        summary.points += answer.points
        summary.expired += answer.expired
        summary.repeated += answer.repeated
        summary.conflicts += answer.conflicts
        told(len(chunk))
    return summary


def chunks(rows: Iterable[Row]) -> Iterator[list[bytes]]:
    """Cut rows, as JSON, into what one request takes."""
    chunk: list[bytes] = []
    size = 0
    for row in rows:
        encoded = orjson.dumps(
            {
                "row": row.line,
                "member_id": row.member_id,
                "points": row.points,
                "expires_on": row.expires_on,
            }
        )
        if chunk and (len(chunk) == MOST_ROWS or size + len(encoded) + 1 > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(encoded)
        size += len(encoded) + 1
    if chunk:
        yield chunk
