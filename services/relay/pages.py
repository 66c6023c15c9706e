"""One page: read it, encode it, publish it, delete what Kafka has."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter

from services.relay.domain import (
    Floor,
    OutboxRow,
    Outgoing,
    dead_letter_record,
    envelope,
    event_record,
    headers_document,
)
from services.relay.publisher import MissingTopics, Publisher, PublishError, UnknownTopicError
from services.relay.store import OutboxStore
from shared.platform.clock import monotonic
from shared.platform.metrics import Metrics

# Each may have 900 KB, and all of a chunk are in memory.
_DEAD_LETTERS_AT_ONCE = 8
# How often the floor is looked after, and how often a read ignores it to be sure.
_SNAPSHOT_SECONDS = 1.0
_FULL_READ_SECONDS = 5.0

_TOPIC_OF = attrgetter("topic")
_log = logging.getLogger(__name__)


class Mover:
    """Moves pages for as long as one session leads."""

    def __init__(self, store: OutboxStore, metrics: Metrics, *, max_rows: int) -> None:
        self._store = store
        self._metrics = metrics
        self._max_rows = max_rows
        self._rows = max_rows
        self._floor = Floor()
        self._missing = MissingTopics()
        self._snapshot_at = 0.0
        self._full_read_at = 0.0

    async def move_page(self, publisher: Publisher) -> int:
        """Move one page and return its number of rows, 0 when the outbox is empty.

        Raises PublishError when not all of it went out; what did is deleted all the same. After
        a refusal pages are single rows that double in size, so that the culprit is found alone
        and set aside, and everything before it keeps its order.
        """
        started = monotonic()
        rows = await self._read()
        if rows:
            await self._store.ensure_session()
            try:
                await self._move(rows, publisher)
            except PublishError as error:
                await self._on_failure(rows, error)
                raise
            self._rows = min(self._max_rows, self._rows * 2)
            self._floor.deleted(rows[-1].id)
            self._metrics.outbox_publish_duration_seconds.labels(self._metrics.service).observe(
                monotonic() - started
            )
        return len(rows)

    async def _read(self) -> list[OutboxRow]:
        now = monotonic()
        if now - self._snapshot_at > _SNAPSHOT_SECONDS:
            self._snapshot_at = now
            self._floor.observe(await self._store.snapshot())
        above = self._floor.value
        if now - self._full_read_at > _FULL_READ_SECONDS:
            self._full_read_at = now
            above = 0
        rows = await self._store.page(above, self._rows)
        self._floor.read(rows[0].id if rows else None)
        return rows

    async def _move(self, rows: Sequence[OutboxRow], publisher: Publisher) -> None:
        letters = [row for row in rows if row.dead_letter_id is not None]
        records = []
        for row in rows:
            if row.dead_letter_id is not None:
                continue
            try:
                records.append(event_record(row))
            except ValueError as error:
                await self._set_aside(row, str(error))
        await self._publish(records, publisher)
        for chunk in _chunks(letters, _DEAD_LETTERS_AT_ONCE):
            await self._move_letters(chunk, publisher)

    async def _move_letters(self, rows: Sequence[OutboxRow], publisher: Publisher) -> None:
        ids = [row.dead_letter_id for row in rows if row.dead_letter_id is not None]
        letters = await self._store.dead_letters(ids)
        records = []
        for row in rows:
            try:
                letter = letters[row.dead_letter_id or 0]
                records.append(dead_letter_record(row.id, letter))
            except KeyError:
                await self._set_aside(row, "the dead letter is gone")
            except ValueError as error:
                await self._set_aside(row, str(error))
        await self._publish_letters(rows, records, publisher)

    async def _publish_letters(
        self, rows: Sequence[OutboxRow], records: Sequence[Outgoing], publisher: Publisher
    ) -> None:
        """Publish the letters whose topics there are, and drop the others' copies.

        A copy on Kafka is a convenience: members' events must not wait for its topic.
        """
        row_of = {row.id: row for row in rows}
        while True:
            known, unknown = self._missing.split(records)
            for record in unknown:
                await self._set_aside(row_of[record.row_id], f"no topic {record.topic}")
            try:
                await self._publish(known, publisher)
            except UnknownTopicError as error:
                self._missing.add(error.topic)
                records = known
            else:
                return

    async def _publish(self, records: Sequence[Outgoing], publisher: Publisher) -> None:
        if not records:
            return
        outcome = await self._store.keep_during(publisher.publish(records))
        if outcome.acknowledged:
            await self._store.delete(outcome.acknowledged)
            self._count(_among(outcome.acknowledged, records))
        if outcome.error is not None:
            raise outcome.error

    async def _on_failure(self, rows: Sequence[OutboxRow], error: PublishError) -> None:
        if not error.refused:
            return
        if len(rows) == 1:
            await self._set_aside(rows[0], str(error))
        self._rows = 1

    async def _set_aside(self, row: OutboxRow, detail: str) -> None:
        await self._store.set_aside(row, detail=detail, headers=headers_document(envelope(row)))
        topic = "dead-letters" if row.dead_letter_id is not None else row.topic
        _log.error(
            "row can't be published",
            extra={"row_id": row.id, "dead_letter_id": row.dead_letter_id, "detail": detail},
        )
        self._metrics.outbox_published.labels(self._metrics.service, topic, "unpublishable").inc()

    def _count(self, records: Sequence[Outgoing]) -> None:
        published = self._metrics.outbox_published
        for topic, count in Counter(map(_TOPIC_OF, records)).items():
            published.labels(self._metrics.service, topic, "published").inc(count)


def _among(row_ids: Sequence[int], records: Sequence[Outgoing]) -> Sequence[Outgoing]:
    if len(row_ids) == len(records):
        return records
    chosen = set(row_ids)
    return [record for record in records if record.row_id in chosen]


def _chunks(rows: Sequence[OutboxRow], size: int) -> Iterator[list[OutboxRow]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, size)):
        yield chunk
