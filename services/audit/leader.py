"""The collector: walks the members in pages, for ever, and gives way to all other work.

How far it is and who is wrong are rows, so that whoever leads next goes on from there.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from typing_extensions import override

from services.audit import store
from services.audit.settings import AuditSettings
from services.audit.store import MOST_WRONG, Place
from shared.ledger.audit import AFTER_ALL, Page, Wrong, check_page, next_page, page_of
from shared.pipeline.failure import is_poison, is_timeout
from shared.pipeline.size import BatchSize
from shared.platform.clock import monotonic
from shared.platform.leader import Leader
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import DATABASE_ERRORS, Connection

IDLE_SECONDS: Final = 1.0

LONGEST_REST_SECONDS: Final = 5.0
"""Well below the session's idle time-out, which would cost the lead."""

LOOKED_AT_AGAIN: Final = 100
"""Wrong members that are looked at again at a time."""

_NOTHING: Final = Page(0, 0, 0, 0, 0, [])

_log = logging.getLogger(__name__)


class Collector(Leader):
    """Stands by until it leads, then reads page after page, resting in between."""

    def __init__(self, settings: AuditSettings, metrics: Metrics) -> None:
        """Take the parts; nothing is connected before `run`."""
        super().__init__(
            settings.database,
            name="jifen-audit",
            lock=store.LEADER,
            leads=metrics.audit_leader.labels(metrics.service),
            server_settings=store.SESSION_SETTINGS,
            every_seconds=0.0,
        )
        self._given, self._metrics = settings, metrics
        self.size = BatchSize(target_seconds=settings.audit_page_target_seconds)
        self._looked_at = monotonic()

    @override
    async def lead(self, connection: Connection) -> str | None:
        """Read a page, then rest in proportion to what it took."""
        began = monotonic()
        if began - self._looked_at >= self._given.audit_look_again_seconds:
            self._looked_at = began
            await self.look_again(connection)
        worked = await self.read_page(connection)
        took = monotonic() - began
        share = self._given.audit_share
        await asyncio.sleep(
            min(LONGEST_REST_SECONDS, took / share - took) if worked else IDLE_SECONDS
        )
        return None

    async def read_page(self, connection: Connection) -> bool:
        """Read the next page of the round, if one is due."""
        place = await store.find_place(connection, self._given.audit_pause_seconds)
        if place is None:
            return False
        began = monotonic()
        upto = await next_page(connection, place.after, self.size.current) or AFTER_ALL
        try:
            page = await check_page(connection, place.after, upto, MOST_WRONG)
        except DATABASE_ERRORS as error:
            self._note(error)
            await self._could_not(connection, place, upto)
            return True
        took = monotonic() - began
        self.size.took(page.entries, took)
        self._metrics.audit_page_duration_seconds.labels(self._metrics.service).observe(took)
        self._metrics.audit_members.labels(self._metrics.service).inc(page.members)
        async with connection.transaction():
            await self._keep(connection, place.after, upto, page.told)
            await self._advance(connection, place, upto, page)
        return True

    async def look_again(self, connection: Connection) -> None:
        """Look again at members who were wrong: what is mended must not wait for its turn."""
        for member_id in await store.wrong_members(connection, LOOKED_AT_AGAIN):
            after, upto = await page_of(connection, member_id)
            try:
                page = await check_page(connection, after, upto, MOST_WRONG)
            except DATABASE_ERRORS as error:
                self._note(error)
                continue
            await self._keep(connection, after, upto, page.told)

    async def _advance(
        self, connection: Connection, place: Place, upto: str, page: Page, *, skipped: int = 0
    ) -> None:
        progress = await store.advance(connection, place, upto, page, skipped=skipped)
        if progress is not None and upto == AFTER_ALL:
            _log.info("round finished", extra={"round": place.round_id, **progress._asdict()})

    async def _keep(
        self, connection: Connection, after: str, upto: str, wrong: Sequence[Wrong]
    ) -> None:
        for one in await store.keep_wrong(connection, after, upto, wrong):
            _log.error(
                "the ledger is wrong", extra={"member_id": one.member_id, "problem": one.problem}
            )
            if one.chain_broke:
                self._metrics.ledger_chain_breaks.labels(self._metrics.service).inc()

    def _note(self, error: Exception) -> None:
        """Note that members can't be read; raises what has nothing to do with them."""
        if not (is_timeout(error) or is_poison(error)):
            raise error
        self._metrics.audit_failures.labels(self._metrics.service).inc()
        _log.warning("page not read", extra={"error": describe(error), "size": self.size.current})

    async def _could_not(self, connection: Connection, place: Place, upto: str) -> None:
        """Try a smaller page; leave out a member who can't be read in a short transaction."""
        if self.size.current > 1:
            self.size.timed_out()
        else:
            await self._advance(connection, place, upto, _NOTHING, skipped=1)
