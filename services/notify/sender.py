"""Sends what waits for a channel outside: claims, posts with no transaction open, writes the end.

Several processes may send; each delivery is one sender's until its lease ends. A sender that dies
leaves its leases to end, so a message may be sent twice, and is never forgotten.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import timedelta
from random import SystemRandom
from typing import Final, Protocol

from services.notify import deliveries
from services.notify.deliveries import Delivery
from services.notify.domain.attempt import (
    Answer,
    Dead,
    Fate,
    Later,
    Patience,
    Sent,
    Slots,
    fate_of,
)
from shared.platform import postgres
from shared.platform.backoff import Backoff
from shared.platform.clock import monotonic
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings

IDLE_SECONDS: Final = 0.5
"""How soon a message that was just written is seen."""

_DRAIN_SECONDS: Final = 5.0
"""How long messages under way may take to end after SIGTERM; the others' leases just end."""

# As the writer's: rows are looked up by key, and plans are cached while tables may be empty.
_PLANNER: Final = {"enable_seqscan": "off"}

_CHANCE: Final = SystemRandom().random
_OUTCOMES: Final = {Sent: "sent", Later: "retried", Dead: "failed"}

_log = logging.getLogger(__name__)


class Endpoint(Protocol):
    """Where a channel's messages go."""

    async def post(self, delivery: Delivery) -> Answer:
        """Send a message once and say what was answered; never raises for what comes back."""
        ...

    async def close(self) -> None:
        """Close what it holds open."""
        ...


class Sender:
    """The loop of one channel in one process."""

    def __init__(
        self,
        channel: str,
        endpoint: Endpoint,
        settings: DatabaseSettings,
        metrics: Metrics,
        *,
        patience: Patience,
        concurrency: int,
        lease_seconds: float,
        chance: Callable[[], float] = _CHANCE,
    ) -> None:
        """Take the parts; a lease must outlast any post. Nothing is connected before `run`."""
        self._channel, self._endpoint, self._settings = channel, endpoint, settings
        self._metrics, self._patience, self._chance = metrics, patience, chance
        self._lease = timedelta(seconds=lease_seconds)
        self._slots = Slots(concurrency)
        self._under_way: set[asyncio.Task[None]] = set()
        self._ended: list[tuple[Delivery, Fate]] = []
        self._away = Backoff(first_seconds=0.1, cap_seconds=30.0)
        self._back_at = 0.0
        self._failed_at = 0.0
        self._stopping = False
        self._woken = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set; then wait a little for what is under way."""
        sending = asyncio.create_task(self._run(), name=f"send-{self._channel}")
        try:
            await stop.wait()
            self._stopping = True
            self._woken.set()
            await asyncio.wait({sending}, timeout=_DRAIN_SECONDS)
        finally:
            tasks = [sending, *self._under_way]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._endpoint.close()

    async def _run(self) -> None:
        """Send; trouble with the database is waited out."""
        backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
        while not self._is_done:
            connection = await postgres.wait_connect(
                self._settings, application_name="jifen-notify-sender", server_settings=_PLANNER
            )
            try:
                await self._send(connection, backoff)
            except Exception as error:  # noqa: BLE001 - whatever it is, later messages must go out
                delay = backoff.next_seconds()
                _log.warning(
                    "deliveries not written, trying again",
                    extra={"error": describe(error), "retry_in": delay},
                )
                await asyncio.sleep(delay)
            finally:
                await postgres.close(connection)

    @property
    def _is_done(self) -> bool:
        return self._stopping and not self._under_way and not self._ended

    async def _send(self, connection: Connection, backoff: Backoff) -> None:
        while not self._is_done:
            await self._write_ends(connection)
            claimed = await self._claim(connection)
            backoff.reset()
            if not claimed:
                await self._pause()

    async def _claim(self, connection: Connection) -> int:
        """Begin to send as many as may be under way; return how many that were."""
        free = self._slots.open - len(self._under_way)
        if self._stopping or free <= 0 or monotonic() < self._back_at:
            return 0
        claimed = await deliveries.claim(connection, self._channel, most=free, lease=self._lease)
        for delivery in claimed:
            task = asyncio.create_task(self._deliver(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._end)
        return len(claimed)

    async def _deliver(self, delivery: Delivery) -> None:
        started = monotonic()
        answer = await self._endpoint.post(delivery)
        self._metrics.notification_request_duration_seconds.labels(
            self._channel, answer.kind
        ).observe(monotonic() - started)
        self._learn(answer, started)
        fate = fate_of(answer, delivery.attempts, self._patience, chance=self._chance())
        self._metrics.notifications.labels(
            self._channel, delivery.template, _OUTCOMES[type(fate)]
        ).inc()
        if isinstance(fate, Dead):
            _log.warning(
                "delivery given up",
                extra={
                    "channel": self._channel,
                    "member_id": delivery.member_id,
                    "cause": delivery.cause,
                    "attempts": delivery.attempts,
                    "problem": fate.problem,
                },
            )
        self._ended.append((delivery, fate))

    def _learn(self, answer: Answer, started: float) -> None:
        """Leave an endpoint alone for a while that does not answer, or asks for it."""
        now = monotonic()
        if answer.is_taken or answer.is_refused:
            self._slots.answered(answer)
            self._away.reset()
            return
        if started >= self._failed_at:
            # Posts that were under way when one failed tell of the same trouble: it counts once.
            self._slots.answered(answer)
            self._failed_at = now
            self._back_at = now + self._away.next_seconds()
        asked = min(answer.retry_after_seconds or 0.0, self._patience.longest_wait_seconds)
        self._back_at = max(self._back_at, now + asked)

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        self._woken.set()

    async def _write_ends(self, connection: Connection) -> None:
        """Write what was answered; where that fails, it is written later."""
        ended = list(self._ended)
        if ended:
            await deliveries.settle(connection, self._channel, ended)
            del self._ended[: len(ended)]

    async def _pause(self) -> None:
        self._woken.clear()
        if self._ended or self._is_done:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS):
                await self._woken.wait()
