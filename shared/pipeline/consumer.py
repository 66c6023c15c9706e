"""One FastStream batch subscriber that feeds a writer, with offsets kept in the database.

FastStream polls, hands over raw records and stops in order; everything it does with messages
(decoding, acknowledging, committing) is switched off. See docs/decisions/faststream-edges.md.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Generic

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import BatchSubscriber
from typing_extensions import override

from shared.pipeline.domain import State
from shared.pipeline.edges import (
    REBALANCE_SECONDS,
    REVOKE_PATIENCE_SECONDS,
    make_subscriber,
)
from shared.pipeline.errors import StaleOffsetsError
from shared.pipeline.fetch import Fetch
from shared.pipeline.gauges import Gauges
from shared.pipeline.intake import Intake
from shared.pipeline.offsets import Offsets
from shared.pipeline.reader import PatientConsumer, Read
from shared.pipeline.store import Partition
from shared.pipeline.writer import Writer
from shared.platform.backoff import Backoff
from shared.platform.clock import monotonic
from shared.platform.kafka import start_whole
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.settings import KafkaSettings

COMMIT_EVERY_SECONDS: Final = 1.0
"""Kafka's own commit only serves lag tools."""

WATCH_SECONDS: Final = 5.0
"""How soon a quiet consumer sees that its offsets were moved: the database was restored, say."""

ASK_SECONDS: Final = 5.0
"""Where partitions end is answered behind the driver's fetch, so within half a second as a rule."""

STOP_PATIENCE_SECONDS: Final = 8.0
"""No transaction lives so long; whoever asked us to stop kills us after ten, as a rule."""

STUCK_SECONDS: Final = 60.0
"""A batch in flight or an assignment awaited for longer means this process needs a look."""

_log = logging.getLogger(__name__)


class Consumer(ConsumerRebalanceListener, Generic[State]):
    """Reads topics for a writer: nothing is acknowledged before the writer has committed it."""

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Sequence[str],
        writer: Writer[State],
        offsets: Offsets,
        metrics: Metrics,
        *,
        fetch: Fetch,
    ) -> None:
        """Take the parts; nothing is connected before `start`."""
        self._settings, self._topics, self._writer = settings, topics, writer
        self._offsets, self._metrics, self._fetch = offsets, metrics, fetch
        self._gauges = Gauges(metrics, writer.group, topics)
        self._intake = Intake(self._seek_back, self._count_hole)
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._in_flight: asyncio.Task[None] | None = None
        self._in_flight_since = 0.0
        self._settling: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._stopping = False
        self._has_read = False
        self._waiting_since = monotonic()
        self._committed_at = 0.0
        self._broker, self._subscriber = self._make_broker()

    async def start(self) -> None:
        """Connect, however long the broker takes to be there, and begin to consume."""
        backoff = Backoff(first_seconds=0.2, cap_seconds=5.0)
        while True:
            try:
                make = await self._broker.connect()
                options = self._broker.config.broker_config
                options.builder = partial(self._make_consumer, make)
                await start_whole(self._broker.start())
            except (KafkaError, OSError) as error:
                delay = backoff.next_seconds()
                _log.warning(
                    "broker not reachable", extra={"error": describe(error), "retry_in": delay}
                )
                with contextlib.suppress(KafkaError, OSError):
                    await self._broker.stop()
                self._broker, self._subscriber = self._make_broker()
                await asyncio.sleep(delay)
            else:
                self._watching = asyncio.create_task(self._watch(), name="watch-offsets")
                return

    async def stop(self) -> None:
        """Finish the batch in flight, commit for lag tools, leave the group."""
        self._stopping = True
        if self._watching is not None:
            self._watching.cancel()
        await self._finish_in_flight(STOP_PATIENCE_SECONDS)
        self._cancel_settling()
        await self._commit(force=True)
        await self._broker.stop()
        await self._writer.close()

    async def problem(self) -> str | None:
        """Say why this consumer does not get on, or None: a readiness check."""
        if self._writer.braked:
            return "the brake is engaged: see `jifen brake show`"
        if self._writer.trouble is not None:
            return f"batches are rolled back: {self._writer.trouble}"
        return self._stuck(monotonic()) or self._unassigned(monotonic())

    def _stuck(self, now: float) -> str | None:
        in_flight_seconds = now - self._in_flight_since
        if self._in_flight is not None and in_flight_seconds > STUCK_SECONDS:
            return f"a batch has been in flight for {in_flight_seconds:.0f} s"
        return None

    def _unassigned(self, now: float) -> str | None:
        if self._subscriber.consumer is None:
            return "not connected to the broker yet"
        if self._has_read and now - self._waiting_since < REBALANCE_SECONDS:
            # All of a group share out anew when one comes or goes. Unready, they would leave
            # nobody to be asked over HTTP, which needs no partitions.
            return None
        if self._settling is not None and not self._settling.done():
            return "the offsets of the assigned partitions are being read"
        if not self._assigned and now - self._waiting_since < STUCK_SECONDS:
            return "no partitions are assigned yet"
        return None

    @override
    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Read nothing of the new partitions before their stored offsets are known."""
        consumer = self._consumer
        consumer.pause(*assigned)
        self._assigned = frozenset(assigned)
        self._waiting_since = monotonic()
        self._metrics.consumer_rebalances.labels(self._writer.group).inc()
        self._begin_settling()

    @override
    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let the batch in flight finish, for as long as the group waits for us."""
        self._cancel_settling()
        await self._finish_in_flight(REVOKE_PATIENCE_SECONDS)
        self._assigned = frozenset()
        self._writer.positions.clear()
        self._waiting_since = monotonic()

    def _begin_settling(self) -> None:
        """Take nothing until the database has said where to read on."""
        self._writer.positions.clear()
        self._cancel_settling()
        self._settling = asyncio.create_task(self._settle(), name="settle-offsets")

    async def _settle(self) -> None:
        """Go to where the database says the assigned partitions were left, then read on.

        Partitions that went elsewhere meanwhile end in a new assignment, which cancels this;
        nothing else may leave them paused for ever.
        """
        backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
        while not await self._settled(self._assigned):  # noqa: ASYNC110 - nobody would set one
            await asyncio.sleep(backoff.next_seconds())

    async def _settled(self, assigned: frozenset[TopicPartition]) -> bool:
        try:
            positions = await self._offsets.find(self._consumer, sorted(assigned))
            # From here on nothing waits, so no rebalance can come between.
            for at, offset in positions.items():
                self._consumer.seek(TopicPartition(*at), offset)
            self._consumer.resume(*assigned)
        except Exception as error:  # noqa: BLE001 - whatever it is, reading must go on
            _log.warning("offsets not settled", extra={"error": describe(error)})
            return False
        self._intake.forget()
        self._writer.positions.update(positions)
        self._has_read = True
        # Database and broker answered: what stopped the batch before this is over.
        self._writer.trouble = None
        _log.info("partitions assigned", extra={"partitions": len(assigned)})
        return True

    async def _watch(self) -> None:
        """Notice offsets that somebody else moved, even while there is nothing to read.

        A batch finds out by itself; without one, a restored database would wait for the next
        event to have its lost time told again.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await self._show_lag()
            positions = dict(self._writer.positions)
            if self._in_flight is None and positions and await self._offsets.moved(positions):
                self._rewind_if_quiet(positions)

    async def _show_lag(self) -> None:
        """Keep the gauges true while no batch ends: nothing to read, or a batch that is stuck.

        A stuck batch stops the driver's fetching, and with it what the driver knows of the ends.
        """
        ends: Mapping[TopicPartition, int] = {}
        with contextlib.suppress(KafkaError, TimeoutError):
            partitions = [TopicPartition(*at) for at in self._writer.positions]
            asking = self._consumer.end_offsets(partitions)
            ends = await asyncio.wait_for(asking, ASK_SECONDS)
        if self._in_flight is None:
            self._gauges.caught_up()
        self._gauges.behind(self._writer.positions, ends.get)

    def _rewind_if_quiet(self, seen: Mapping[Partition, int]) -> None:
        if self._in_flight is None and self._writer.positions == seen:
            self._rewind("the database holds other offsets than those stored last")

    def _rewind(self, why: str) -> None:
        _log.warning("offsets were moved by somebody else", extra={"error": why})
        self._metrics.consumer_rewinds.labels(self._writer.group).inc()
        if self._assigned:
            self._consumer.pause(*self._assigned)
            self._begin_settling()

    async def _on_records(self, read: Sequence[Read]) -> None:
        """Take what FastStream polled; it would swallow what this raises, and read on."""
        try:
            await self._write(read)
        except Exception:  # noqa: BLE001 - whatever it is, what was polled must not be skipped
            _log.exception("records were not written, reading them again")
            for partition, offset in self._stored().items():
                self._consumer.seek(partition, offset)
            await asyncio.sleep(1.0)

    async def _write(self, read: Sequence[Read]) -> None:
        self._gauges.received(read)
        taken = [] if self._stopping else self._intake.take(read, self._writer.positions)
        if not taken:
            return
        self._in_flight_since = monotonic()
        self._in_flight = asyncio.create_task(self._writer.write(taken), name="batch")
        try:
            await asyncio.wait({self._in_flight})
            await self._after(self._in_flight)
        finally:
            self._in_flight = None
        if not self._stopping:
            await self._writer.rest(len(taken))

    async def _after(self, written: "asyncio.Task[None]") -> None:
        if written.cancelled():
            _log.warning("batch in flight cancelled, its partitions went elsewhere")
            await self._writer.close()
            return
        error = written.exception()
        if isinstance(error, StaleOffsetsError):
            self._rewind(str(error))
        elif error is not None:
            raise error
        self._gauges.behind(self._writer.positions, self._consumer.highwater)
        await self._commit()

    async def _finish_in_flight(self, patience_seconds: float) -> None:
        task = self._in_flight
        if task is None or task.done():
            return
        self._writer.finish()
        if not self._writer.braked:  # that ends with the release, and nothing of it is stored
            await asyncio.wait({task}, timeout=patience_seconds)
        if not task.done():
            task.cancel()
            await asyncio.wait({task})

    async def _commit(self, *, force: bool = False) -> None:
        now = monotonic()
        consumer = self._subscriber.consumer
        if consumer is None or (not force and now - self._committed_at < COMMIT_EVERY_SECONDS):
            return
        self._committed_at = now
        try:
            await consumer.commit(dict(self._stored()))
        except (KafkaError, ValueError) as error:
            _log.info("kafka's own commit failed", extra={"error": describe(error)})

    def _stored(self) -> Mapping[TopicPartition, int]:
        return {
            TopicPartition(*at): offset
            for at, offset in self._writer.positions.items()
            if TopicPartition(*at) in self._assigned
        }

    def _seek_back(self, at: Partition, offset: int) -> None:
        _log.warning("gap before what was read, seeking back", extra={"partition": str(at)})
        self._consumer.seek(TopicPartition(*at), offset)

    def _count_hole(self, at: Partition, records: int) -> None:
        self._metrics.consumer_gap_records.labels(at.topic, self._writer.group).inc(records)

    def _cancel_settling(self) -> None:
        if self._settling is not None:
            self._settling.cancel()

    @property
    def _consumer(self) -> PatientConsumer:
        consumer = self._subscriber.consumer
        if not isinstance(consumer, PatientConsumer):
            raise TypeError("the consumer is not started")
        return consumer

    def _make_broker(self) -> tuple[KafkaBroker, BatchSubscriber]:
        broker, subscriber = make_subscriber(
            self._settings,
            self._topics,
            group=self._writer.group,
            service=self._metrics.service,
            fetch=self._fetch,
            listener=self,
        )
        subscriber(self._on_records)
        return broker, subscriber

    def _make_consumer(self, make: Any, **options: Any) -> PatientConsumer:
        consumer = PatientConsumer(**{**make.keywords, **options})
        consumer.stored, consumer.polled = self._stored, self._gauges.polled
        return consumer
