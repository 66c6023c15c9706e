"""The relay's loop: take the lead, move pages from the outbox to Kafka, give way when it fails."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Literal, TypeAlias, TypeVar

from services.relay.pages import Mover
from services.relay.publisher import Publisher, PublishError
from services.relay.settings import RelaySettings
from services.relay.store import SESSION_SETTINGS, OutboxStore
from shared.platform.backoff import Backoff
from shared.platform.clock import monotonic
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import DATABASE_ERRORS, close, wait_connect
from shared.platform.rest import rest_after

Role: TypeAlias = Literal["connecting", "standby", "leader"]
_T = TypeVar("_T")

# How often one that stands by asks for the lead: part of how long a failover takes.
_ASK_SECONDS = 0.5
# An empty outbox is polled at once, then ever later: latency when busy, quiet when idle.
_FIRST_POLL_SECONDS = 0.001
_LAST_POLL_SECONDS = 0.05
# After so many failures in a row (half a minute and more) another relay may have better luck.
_MAX_FAILURES = 10
_STALLED_SECONDS = 60.0

_log = logging.getLogger(__name__)


class Relay:
    """One relay process: stands by until it leads, then publishes until it is told to stop."""

    def __init__(self, settings: RelaySettings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._stop = asyncio.Event()
        self._role: Role = "connecting"
        self._progress_at = monotonic()

    @property
    def role(self) -> Role:
        """What this process is at the moment."""
        return self._role

    async def check_role(self) -> str | None:
        """Tell whether this relay leads or stands by (a readiness check)."""
        return "neither leads nor stands by" if self._role == "connecting" else None

    async def check_progress(self) -> str | None:
        """Tell whether a leader gets its pages out (a readiness check)."""
        stalled = monotonic() - self._progress_at
        if self._role == "leader" and stalled > _STALLED_SECONDS:
            return f"no page went out for {stalled:.0f} s"
        return None

    def stop(self) -> None:
        """Ask it to finish the page in flight and end."""
        self._stop.set()

    async def run(self) -> None:
        """Lead or stand by, term after term, until stopped; trouble only ends a term."""
        backoff = Backoff(first_seconds=0.2, cap_seconds=5.0)
        while not self._stop.is_set():
            try:
                await self._term(backoff)
            except DATABASE_ERRORS as error:
                self._failed("database", error)
            except PublishError as error:
                self._failed("broker", error)
            finally:
                self._become("connecting")
            if not self._stop.is_set():
                await self._pause(backoff.next_seconds())

    async def _term(self, backoff: Backoff) -> None:
        connection = await self._unless_stopped(
            wait_connect(
                self._settings.database,
                application_name="jifen-relay",
                server_settings=SESSION_SETTINGS,
            )
        )
        if connection is None:
            return
        try:
            store = OutboxStore(connection)
            if await self._take_lead(store):
                backoff.reset()
                await self._lead(store)
        finally:
            # The lock goes with the session: whatever happens, another can lead.
            await close(connection)

    async def _take_lead(self, store: OutboxStore) -> bool:
        while not self._stop.is_set():
            if await store.try_lead():
                self._become("leader")
                return True
            self._become("standby")
            await self._pause(_ASK_SECONDS)
        return False

    async def _lead(self, store: OutboxStore) -> None:
        failures = Backoff(first_seconds=0.1, cap_seconds=5.0)
        mover = Mover(store, self._metrics, max_rows=self._settings.relay_page_rows)
        while not self._stop.is_set():
            publisher = Publisher(self._settings.kafka, client_id="jifen-relay")
            try:
                await store.keep_during(publisher.start())
                await self._publish(mover, publisher, failures)
            except PublishError as error:
                if failures.attempts >= _MAX_FAILURES:
                    raise
                self._failed("broker", error)
                await store.keep_during(self._pause(failures.next_seconds()))
            finally:
                await publisher.close()

    async def _publish(self, mover: Mover, publisher: Publisher, failures: Backoff) -> None:
        poll_seconds = _FIRST_POLL_SECONDS
        while not self._stop.is_set():
            started = monotonic()
            if moved := await mover.move_page(publisher):
                poll_seconds = _FIRST_POLL_SECONDS
                failures.reset()
                if moved < self._settings.relay_page_rows:
                    # The next page is larger then, and costs little more.
                    await self._pause(rest_after(monotonic() - started))
            else:
                await self._pause(poll_seconds)
                poll_seconds = min(poll_seconds * 2, _LAST_POLL_SECONDS)
            self._progress_at = monotonic()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _unless_stopped(self, work: Coroutine[object, object, _T]) -> _T | None:
        task = asyncio.create_task(work)
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for each in (task, stopped):
                each.cancel()

    def _become(self, role: Role) -> None:
        if role != self._role:
            _log.info("role changed", extra={"was": self._role, "role": role})
        self._role = role
        self._progress_at = monotonic()
        self._metrics.outbox_leader.labels(self._metrics.service).set(role == "leader")

    def _failed(self, cause: Literal["database", "broker"], error: Exception) -> None:
        _log.warning("relay begins again", extra={"cause": cause, "error": describe(error)})
        self._metrics.outbox_failures.labels(self._metrics.service, cause).inc()
