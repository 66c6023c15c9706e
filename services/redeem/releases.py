"""Releases reservations whose time is over: a plain read finds them, the locks decide."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from services.redeem import store
from services.redeem.domain.decide import release_due
from services.redeem.store import Needs
from shared.ledger import store as ledger
from shared.ledger.entries import MemberId
from shared.pipeline.failure import is_poison
from shared.pipeline.moment import moment_at
from shared.platform import postgres
from shared.platform.backoff import Backoff
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import read_newer

PAGE: Final = 200
"""Reservations of one transaction: it holds the accounts and the stock they concern."""

# As the writer's: rows are looked up by key, and plans are cached while tables may be empty.
_PLANNER: Final = {"enable_seqscan": "off"}

_log = logging.getLogger(__name__)


class Releases:
    """The loop of one process; several may run, each reservation is still released once.

    It works beside the writer on a connection of its own, by the same locks in the same order.
    """

    def __init__(
        self, settings: DatabaseSettings, metrics: Metrics, *, every_seconds: float
    ) -> None:
        """Take the parts; nothing is connected before `run`."""
        self._settings, self._every_seconds = settings, every_seconds
        self._released = metrics.reservations_released.labels(metrics.service)
        self._overdue_seconds = metrics.reservation_overdue_seconds.labels(metrics.service)
        self._revisions = Revisions()

    async def run(self) -> None:
        """Release until cancelled; what was due during a downtime goes first, page by page."""
        backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
        while True:
            connection = await postgres.wait_connect(
                self._settings,
                application_name="jifen-redeem-releases",
                server_settings=_PLANNER,
            )
            try:
                while True:
                    await self._release_all(connection)
                    backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
                    await asyncio.sleep(self._every_seconds)
            except Exception as error:  # noqa: BLE001 - what holds points must not stop
                delay = backoff.next_seconds()
                _log.warning(
                    "release rolled back, trying again",
                    extra={"error": describe(error), "retry_in": delay},
                )
                await asyncio.sleep(delay)
            finally:
                await postgres.close(connection)

    async def release_page(self, connection: Connection) -> int:
        """Release what is due of a page of members; return how many reservations that were.

        Where the page can't be written, its members are tried one by one: one member whose rows
        are wrong keeps nothing from the others.
        """
        due = await store.find_due(connection, PAGE)
        self._overdue_seconds.set(due[0][1] if due else 0)
        if not due:
            return 0
        members = sorted({member for member, _ in due})
        try:
            released = await self._release(connection, members)
        except Exception as error:
            if not is_poison(error):
                raise
            released = await self._release_each(connection, members)
        self._released.inc(released)
        _log.info("reservations released", extra={"reservations": released})
        return released

    async def _release_each(self, connection: Connection, members: Sequence[MemberId]) -> int:
        released = 0
        for member in members:
            try:
                released += await self._release(connection, [member])
            except Exception as error:
                if not is_poison(error):
                    raise
                _log.exception("reservation can't be released", extra={"member_id": member})
        return released

    async def _release_all(self, connection: Connection) -> None:
        while await self.release_page(connection):
            pass

    async def _release(self, connection: Connection, members: Sequence[MemberId]) -> int:
        async with connection.transaction():
            rows = await read_newer(connection, self._revisions.newest)
            self._revisions = self._revisions.with_newer(rows)
            books = await ledger.lock(connection, members, [])
            moment = moment_at(await ledger.read_clock(connection), self._revisions)
            desk = await store.lock(connection, Needs(members=members))
            await ledger.load(connection, books, [])
            released = sum([release_due(book, desk, moment) for book in books.values()])
            await ledger.post(connection, books.values())
            await store.save(connection, desk)
        return released
