"""A worker: takes a part of the members, plans its reminders, sweeps it, gives it back."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Final

from services.expiry import store
from services.expiry.domain import Courtesy
from services.expiry.pages import Pages, Swept
from services.expiry.store import At, Bucket
from shared.expiry.plan import Span, plan
from shared.pipeline.errors import LostRaceError
from shared.pipeline.failure import is_poison, is_timeout
from shared.pipeline.size import BatchSize
from shared.platform import postgres
from shared.platform.backoff import Backoff
from shared.platform.clock import monotonic
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from shared.program.dates import local_day
from shared.program.revisions import Revisions
from shared.program.store import caught_up

POLL_SECONDS: Final = 1.0

REST_SECONDS: Final = 60.0
"""How long a part is left alone that has a member nobody can settle."""

_ONE_DAY: Final = timedelta(days=1)

_log = logging.getLogger(__name__)


class Worker:
    """The loop of one connection; any number may run, in any number of processes."""

    def __init__(
        self,
        settings: DatabaseSettings,
        metrics: Metrics,
        *,
        page_target_seconds: float,
        gives_way: bool = True,
    ) -> None:
        """Take the parts; nothing is connected before `run`."""
        self._settings, self._metrics = settings, metrics
        self._pages = Pages(Revisions())
        self._size = BatchSize(target_seconds=page_target_seconds)
        self._courtesy = Courtesy() if gives_way else None
        self._resting: dict[int, float] = {}
        self._stop = asyncio.Event()
        self._problem: str | None = "not connected yet"

    async def problem(self) -> str | None:
        """Say why nothing is swept, or None: a readiness check."""
        return self._problem

    def stop(self) -> None:
        """Ask it to finish the page in flight and end."""
        self._stop.set()

    async def run(self) -> None:
        """Work until stopped; after trouble on a new connection, where the database says it was."""
        backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
        while not self._stop.is_set():
            try:
                async with self._connected() as connection:
                    while not self._stop.is_set():
                        worked = await self.work(connection)
                        self._problem = None
                        backoff.reset()
                        if not worked:
                            await self._pause(POLL_SECONDS)
            except Exception as error:  # noqa: BLE001 - what keeps points in date must not stop
                self._failed(error)
                await self._pause(backoff.next_seconds())

    async def work(self, connection: Connection) -> bool:
        """Work through every part that has something to do and that nobody else has taken."""
        if not await self._read_program(connection):
            return False
        worked = False
        for bucket in await store.find_work(connection, self._pages.revisions.zone):
            if self._stop.is_set() or self._rests(bucket):
                continue
            if await store.try_take(connection, bucket):
                try:
                    await self._work_on(connection, bucket)
                    worked = True
                finally:
                    with contextlib.suppress(*postgres.DATABASE_ERRORS):
                        await store.release(connection, bucket)
        return worked

    async def _work_on(self, connection: Connection, bucket: int) -> None:
        """Remind first: what is swept can't be counted as missed any more."""
        for work in (self._remind, self._sweep):
            try:
                await work(connection, bucket, await store.read_bucket(connection, bucket))
            except LostRaceError as error:
                _log.info("left to another worker", extra={"error": describe(error)})
                self._rest(bucket, POLL_SECONDS)
            except Exception as error:
                if not is_poison(error):
                    raise
                _log.exception("a part of the members is put off", extra={"bucket": bucket})
                self._metrics.expiry_failures.labels(self._metrics.service).inc()
                self._rest(bucket, REST_SECONDS)

    async def _sweep(self, connection: Connection, bucket: int, state: Bucket) -> None:
        if state.at.expires_on > state.sweep_to:
            return
        started, at, entries, points = monotonic(), state.at, 0, 0
        while due := await self._find_due(connection, bucket, at, state.sweep_to):
            began = monotonic()
            swept = await self._pages.sweep(connection, bucket, at, due)
            took = monotonic() - began
            self._size.took(len(due), took)
            self._count(swept)
            at, entries, points = due[-1], entries + swept.entries, points + swept.points
            if self._courtesy:
                await self._pause(self._courtesy.rest(len(due), took))
            if self._stop.is_set():
                return
        if not await store.finish_sweep(connection, bucket, at, state.sweep_to):
            self._rest(bucket, REST_SECONDS)
        if entries:
            self._tell(bucket, monotonic() - started, entries, points)

    async def _find_due(
        self, connection: Connection, bucket: int, at: At, sweep_to: date
    ) -> list[At]:
        return await store.find_due(connection, bucket, at, sweep_to, self._size.current)

    async def _remind(self, connection: Connection, bucket: int, state: Bucket) -> None:
        day = local_day(await store.read_clock(connection), self._pages.revisions.zone)
        if state.plan_on != day or day == state.planned_through:
            return  # a day that is over is planned no more: the next one does what it left
        planned = plan(day, state.planned_through)
        for span in planned.due:
            if not await self._remind_span(connection, bucket, span):
                return
        missed = {
            span: await store.count_missed(connection, bucket, span) for span in planned.missed
        }
        if await store.finish_plan(
            connection, bucket, state.planned_through, day, sum(missed.values())
        ):
            for span, count in missed.items():
                self._metrics.reminders_skipped.labels(str(span.stage)).inc(count)

    async def _remind_span(self, connection: Connection, bucket: int, span: Span) -> bool:
        at: At | None = At(span.after + _ONE_DAY, "")
        while at is not None:
            if self._stop.is_set():
                return False
            began = monotonic()
            page = await store.remind(connection, bucket, span, at, self._size.current)
            self._size.took(page.lots, monotonic() - began)
            self._metrics.reminders_planned.labels(str(span.stage)).inc(page.reminders)
            at = page.at
        return True

    async def _read_program(self, connection: Connection) -> bool:
        self._pages.revisions = await caught_up(connection, self._pages.revisions)
        return bool(self._pages.revisions.newest)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        connection = await postgres.wait_connect(
            self._settings,
            application_name="jifen-expiry-worker",
            server_settings=store.SESSION_SETTINGS,
        )
        try:
            yield connection
        finally:
            await postgres.close(connection)

    async def _pause(self, seconds: float) -> None:
        if not seconds:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _rests(self, bucket: int) -> bool:
        return self._resting.get(bucket, 0.0) > monotonic()

    def _rest(self, bucket: int, seconds: float) -> None:
        self._resting[bucket] = monotonic() + seconds

    def _failed(self, error: Exception) -> None:
        if is_timeout(error):
            self._size.timed_out()
        self._problem = f"pages are rolled back: {describe(error)}"
        _log.warning("page rolled back, trying again", extra={"error": describe(error)})

    def _count(self, swept: Swept) -> None:
        self._metrics.posted_points.labels(self._metrics.service, "expired").inc(swept.points)
        for member, error in swept.failed.items():
            self._metrics.expiry_failures.labels(self._metrics.service).inc()
            _log.error(
                "a member can't be swept", extra={"member_id": member, "error": describe(error)}
            )

    def _tell(self, bucket: int, seconds: float, entries: int, points: int) -> None:
        self._metrics.expiry_run_duration_seconds.labels(self._metrics.service).observe(seconds)
        _log.info("swept", extra={"bucket": bucket, "entries": entries, "points": points})
