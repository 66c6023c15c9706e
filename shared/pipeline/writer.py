"""The writer: cuts what queued up into batches and sees each through, whatever happens."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Generic

from shared.contract.codec import Record
from shared.pipeline import store
from shared.pipeline.ahead import Ahead
from shared.pipeline.calls import Calls
from shared.pipeline.command import Command, Item, Refused, Reply, poison
from shared.pipeline.domain import State
from shared.pipeline.errors import BrakeEngagedError, BrakeTrippedError, StaleOffsetsError
from shared.pipeline.failure import is_poison, is_timeout
from shared.pipeline.size import SMALLEST, BatchSize
from shared.pipeline.stages import Stages
from shared.pipeline.store import Move, Partition
from shared.pipeline.tally import Tally
from shared.pipeline.unit import Unit
from shared.platform import postgres
from shared.platform.backoff import Backoff
from shared.platform.clock import unix_seconds
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.rest import rest_after

Connect = Callable[[], Awaitable[Connection]]
"""Opens the writer's connection, however long the database takes to be there."""

BRAKE_POLL_SECONDS: Final = 1.0
MOST_CALLS: Final = 2_000
"""Callers that wait at once; beyond, they are told to come back."""

ENOUGH_CALLS: Final = 20
"""A batch of so many is worth its price; fewer wait a little for more (`shared.platform.rest`)."""

_log = logging.getLogger(__name__)


class Writer(Generic[State]):
    """Writes batches one after the other over one connection, from two lanes.

    Records come in order through `write`, one task at a time; `calls` are taken along, first in
    each batch and up to three quarters of it. `serve` writes them while there are no records.
    `positions` are the offsets this consumer last stored, the compare of compare-and-set.
    """

    def __init__(self, batch: Unit, connect: Connect, metrics: Metrics, size: BatchSize) -> None:
        """Take the parts; the connection is opened by the first batch."""
        self.calls = Calls(most=MOST_CALLS)
        self.positions: dict[Partition, int] = {}
        self.braked = False
        self.trouble: str | None = None
        self._batch, self._connect, self._size = batch, connect, size
        self.tally = Tally(metrics, batch.group)
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._finishing = False
        self._rest_seconds = 0.0
        self._without_records = asyncio.Event()
        self._without_records.set()

    @property
    def group(self) -> str:
        """The consumer group this writer stores offsets for."""
        return self._batch.group

    async def write(self, taken: Sequence[Record | Refused]) -> None:
        """Apply records in order; return when all are committed, or after `finish` was called.

        Raises StaleOffsetsError when the database holds other offsets. Trouble is waited out.
        """
        ahead = Ahead(taken, self._batch.understand)
        self._without_records.clear()
        written = 0
        try:
            while written < len(taken) and not self._finishing:
                written += await self._write_some(ahead, written)
                # Give the other tasks of the process a turn.
                await asyncio.sleep(0)
        finally:
            self._finishing = False
            self._without_records.set()

    def finish(self) -> None:
        """End the `write` that is at work after its batch; what is left must be read again.

        All it was given can take seconds, for which a whole group would stand still.
        """
        self._finishing = True

    async def serve(self) -> None:
        """Write calls while there are no records to go with, until cancelled."""
        while True:
            await self.calls.wait()
            await self._without_records.wait()
            try:
                async with self._turn, self._taken(self._size.current) as calls:
                    await self._see_through(calls)
                await self.calls.gather(ENOUGH_CALLS, seconds=self._rest_seconds)
            except Exception:  # noqa: BLE001 - whatever it is, later calls must be answered
                _log.exception("calls were not written, trying again")
                await asyncio.sleep(1.0)

    async def ask(self, command: Command, *, patience_seconds: float) -> Reply:
        """Apply a command that somebody waits for; return what it came to once it is committed.

        Raises as `Calls.ask` does, and BrakeEngagedError while the brake is engaged.
        """
        if self.braked:
            raise BrakeEngagedError(self.group)
        return await self.calls.ask(command, patience_seconds=patience_seconds)

    async def rest(self, written: int) -> None:
        """Rest after a `write` of so many records, if those were few for a batch."""
        if written < SMALLEST:
            await asyncio.sleep(self._rest_seconds)

    async def _write_some(self, ahead: Ahead, written: int) -> int:
        """Write a batch of calls and the next of the records; return how many of these."""
        async with self._turn:
            size = self._size.current
            async with self._taken(size - size // 4) as calls:
                items = ahead.take(written, size - len(calls))
                next_batch = ahead.run(written + len(items) + size)
                understanding = asyncio.create_task(next_batch, name="understand-ahead")
                try:
                    await self._see_through([*calls, *items])
                finally:
                    understanding.cancel()
        return len(items)

    @asynccontextmanager
    async def _taken(self, most: int) -> AsyncIterator[list[Command]]:
        """Take calls for a batch; what it did not come to answer is taken by the next."""
        calls = self.calls.take(most)
        try:
            yield calls
        finally:
            self.calls.put_back(calls)

    async def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await postgres.close(connection)

    async def connection(self) -> Connection:
        """Return the open connection, or open one."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        return self._connection

    async def _see_through(self, items: Sequence[Item]) -> None:
        """Commit these items, waiting trouble out; halve them where they are poison."""
        backoff = Backoff(first_seconds=0.05, cap_seconds=5.0)
        while (error := await self._failure(items)) is not None:
            if isinstance(error, BrakeTrippedError):
                await self._trip(str(error))
            elif isinstance(error, BrakeEngagedError):
                self.calls.fail(_calls(items), error)
                await self._wait_for_release()
            elif is_poison(error) and not _set_aside(items):
                await self._halve(items, error)
                return
            else:
                await self._wait_out(error, backoff)
                if len(items) > self._size.current:
                    await self._see_through_in_parts(items)
                    return
        self.trouble = None

    async def _see_through_in_parts(self, items: Sequence[Item]) -> None:
        """Go on in smaller batches: one of this size did not make it in time."""
        size = self._size.current
        for first in range(0, len(items), size):
            await self._see_through(items[first : first + size])

    async def _failure(self, items: Sequence[Item]) -> Exception | None:
        """Try once; return what went wrong, if anything did. Stale offsets are the caller's."""
        try:
            await self._attempt(items)
        except StaleOffsetsError:
            raise
        except Exception as error:  # noqa: BLE001 - classified by the caller, whatever it is
            return error
        return None

    async def _attempt(self, items: Sequence[Item]) -> None:
        stages = Stages()
        items = [one for one in items if self._is_wanted(one)]
        if not items:
            return
        moves = self._moves(items)
        connection = await self.connection()
        self.tally.writes(len(items))
        try:
            folded = await self._batch.run(connection, items, moves, stages)
        finally:
            self.tally.writes(0)
        for move in moves:
            self.positions[move.at] = move.next_offset
        for command, reply in folded.replies:
            self.calls.answer(command, reply)
        self._size.took(len(items), stages.total_seconds)
        self._rest_seconds = rest_after(stages.total_seconds)
        self.tally.committed(items, folded, stages, now=unix_seconds())

    def _is_wanted(self, item: Item) -> bool:
        """Tell whether an item is to be decided: a call whose caller has gone is not."""
        return item.record is not None or self.calls.is_open(item)

    def _moves(self, items: Sequence[Item]) -> list[Move]:
        nexts: dict[Partition, int] = {}
        for item in items:
            record = item.record
            if record is not None:
                nexts[Partition(record.topic, record.partition)] = record.offset + 1
        return [Move(at, self.positions[at], offset) for at, offset in sorted(nexts.items())]

    async def _halve(self, items: Sequence[Item], error: Exception) -> None:
        """Try the halves of a batch that raised; a single record that raises is set aside."""
        self.tally.retried("halved")
        if len(items) > 1:
            middle = len(items) // 2
            _log.warning(
                "batch raised, trying its halves",
                extra={"records": len(items), "error": describe(error)},
            )
            await self._see_through(items[:middle])
            await self._see_through(items[middle:])
            return
        if items[0].record is None:
            _log.error("call raised", extra=_about(items[0]), exc_info=error)
            self.calls.fail(_calls(items), error)
            return
        poison = _isolated(items[0], error)
        _log.error(
            "record isolated as a dead letter",
            extra={
                "topic": poison.record.topic,
                "partition": poison.record.partition,
                "offset": poison.record.offset,
                **_about(poison),
            },
            exc_info=error,
        )
        await self._see_through([poison])

    async def _wait_out(self, error: Exception, backoff: Backoff) -> None:
        self.trouble = describe(error)
        self.tally.retried("trouble")
        if is_timeout(error):
            self._size.timed_out()
        delay = backoff.next_seconds()
        _log.warning(
            "batch rolled back, trying again",
            extra={"error": self.trouble, "attempt": backoff.attempts, "retry_in": delay},
        )
        await asyncio.sleep(delay)

    async def _wait_for_release(self) -> None:
        """Stop until an operator releases the brake; the row survives restarts of ours."""
        self._brake(engaged=True)
        try:
            while await self._is_braked():  # noqa: ASYNC110 - the row is in the database
                await asyncio.sleep(BRAKE_POLL_SECONDS)
        finally:
            # Also of a wait that was cancelled: who comes next finds out by itself.
            self._brake(engaged=False)

    async def _is_braked(self) -> bool:
        try:
            return await store.is_braked(await self.connection(), self.group)
        except Exception as error:
            if is_poison(error):
                raise
            return True

    async def _trip(self, why: str) -> None:
        _log.error("brake tripped, consumption stops", extra={"group": self.group, "why": why})
        backoff = Backoff(first_seconds=0.05, cap_seconds=5.0)
        while True:
            try:
                await store.trip_brake(await self.connection(), self.group, why)
            except Exception as error:
                if is_poison(error):
                    raise
                await asyncio.sleep(backoff.next_seconds())
            else:
                return

    def _brake(self, *, engaged: bool) -> None:
        self.braked = engaged
        self.tally.brake(engaged=engaged)


def _set_aside(items: Sequence[Item]) -> bool:
    """Tell whether this is one record on its way to the dead letters; if that fails, all would."""
    return len(items) == 1 and isinstance(items[0], Refused)


def _calls(items: Sequence[Item]) -> list[Command]:
    return [one for one in items if isinstance(one, Command) and one.ticket is not None]


def _about(item: Item) -> Mapping[str, object]:
    return {"member_id": item.member_id, "cause": item.cause}


def _isolated(item: Item, error: Exception) -> Refused:
    record = item.told_in if isinstance(item, Command) else item.record
    return poison(record, error, member_id=item.member_id, cause=item.cause)
