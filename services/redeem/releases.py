"""Finds reservations whose time is over by a plain read, and asks the pipeline to release them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, cast

from services.redeem import store
from services.redeem.domain.overdue import ReservationOver
from services.redeem.store import Due
from shared.contract.wire import Wire
from shared.ledger.entries import MemberId
from shared.pipeline.command import Reply
from shared.pipeline.errors import BrakeEngagedError, NotStartedError, OverloadedError
from shared.platform.backoff import Backoff
from shared.platform.clock import monotonic, utc_now
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection, Pool

PAGE: Final = 200
"""Reservations looked up at a time; calls of members find room in the queue beside these."""

LEFT_ALONE_SECONDS: Final = 60.0
"""A command that raises has the batch it is in halved down to it, with all that others want."""

_NOT_NOW: Final = (BrakeEngagedError, NotStartedError, OverloadedError, TimeoutError)

Tell = Callable[[Wire, str | None], Awaitable[Reply]]
"""Has a command decided in a batch; raises as `Runner.ask` does."""

_log = logging.getLogger(__name__)


class Releases:
    """The loop of one process; several may run, each reservation is still released once.

    Whether one is due is decided under the locks. What finds nothing to release leaves no trace.
    """

    def __init__(self, pool: Pool, tell: Tell, metrics: Metrics, *, every_seconds: float) -> None:
        """Take the parts; nothing is asked before `run`."""
        self._pool, self._tell, self._every_seconds = pool, tell, every_seconds
        self._released = metrics.reservations_released.labels(metrics.service)
        self._overdue_seconds = metrics.reservation_overdue_seconds.labels(metrics.service)
        self._left_alone_until: dict[MemberId, float] = {}

    async def run(self) -> None:
        """Release until cancelled; what was due during a downtime goes first, page by page."""
        backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
        while True:
            try:
                while await self.release_page():
                    pass
            except Exception as error:  # noqa: BLE001 - what holds points must not stop
                delay = backoff.next_seconds()
                _log.warning(
                    "reservations not released, trying again",
                    extra={"error": describe(error), "retry_in": delay},
                )
            else:
                backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
                delay = self._every_seconds
            await asyncio.sleep(delay)

    async def release_page(self) -> int:
        """Release what is due of a page of members; return how many reservations that were."""
        asked = self._asks(await self._find_due())
        replies = await asyncio.gather(
            *[self._tell(one, None) for one in asked], return_exceptions=True
        )
        released = sum(
            [_count(reply.body) for reply in replies if not isinstance(reply, BaseException)]
        )
        if released:
            self._released.inc(released)
            _log.info("reservations released", extra={"reservations": released})
        for one, reply in zip(asked, replies, strict=True):
            if isinstance(reply, BaseException):
                self._leave_alone(one, reply)
        return released

    async def _find_due(self) -> list[Due]:
        now = monotonic()
        self._left_alone_until = {
            name: until for name, until in self._left_alone_until.items() if until > now
        }
        async with self._pool.acquire() as proxy:
            # The pool's connections behave as the others do, under a type of their own.
            connection = cast("Connection", proxy)
            self._overdue_seconds.set(await store.read_overdue_seconds(connection))
            return await store.find_due(connection, PAGE, self._left_alone_until)

    def _asks(self, due: Sequence[Due]) -> list[ReservationOver]:
        """Ask for one reservation of each member: the others that are due go with it."""
        at = utc_now()
        firsts = {one.member_id: one.redemption_id for one in reversed(due)}
        return [
            ReservationOver(member_id=member_id, redemption_id=redemption_id, at=at)
            for member_id, redemption_id in firsts.items()
        ]

    def _leave_alone(self, asked: ReservationOver, error: BaseException) -> None:
        """Leave a member alone whose rows are wrong; raises what concerns all of them."""
        if isinstance(error, _NOT_NOW) or not isinstance(error, Exception):
            raise error
        member_id = MemberId(asked.member_id)
        self._left_alone_until[member_id] = monotonic() + LEFT_ALONE_SECONDS
        _log.error(
            "reservation can't be released",
            extra={"member_id": member_id, "error": describe(error)},
        )


def _count(body: object) -> int:
    """Read the answer: how many reservations of the member the batch released."""
    return body if isinstance(body, int) else 0
