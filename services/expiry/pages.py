"""One page of lots past their date: settled and moved past in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from services.expiry import store
from services.expiry.store import At
from shared.ledger import store as ledger
from shared.ledger.entries import MemberId
from shared.pipeline.errors import LostRaceError
from shared.pipeline.failure import is_poison
from shared.pipeline.moment import moment_at
from shared.platform.postgres import Connection
from shared.program.revisions import Revisions
from shared.program.store import caught_up


class Swept(NamedTuple):
    """What a page came to: entries, the points that expired, and the members left behind.

    `failed` has the error of each member that can't be settled.
    """

    entries: int
    points: int
    failed: dict[MemberId, Exception]


@dataclass(slots=True)
class Pages:
    """Sweeps pages; `revisions` grows as new ones are applied."""

    revisions: Revisions

    async def sweep(
        self, connection: Connection, bucket: int, after: At, due: Sequence[At]
    ) -> Swept:
        """Settle the members of a page of lots, and move the part on to the last of them.

        Where the page can't be written, its members are tried one by one: one member whose rows
        are wrong keeps nothing from the others. Raises LostRaceError where another worker moved
        the part, or the database's clock is behind that which called the lots due.
        """
        members = sorted({MemberId(one.member_id) for one in due})
        try:
            async with connection.transaction():
                await store.advance(connection, bucket, after, due[-1])
                return await self._settle(connection, members, due)
        except Exception as error:
            if not is_poison(error):
                raise
        return await self._sweep_each(connection, bucket, after, due)

    async def _sweep_each(
        self, connection: Connection, bucket: int, after: At, due: Sequence[At]
    ) -> Swept:
        dates = defaultdict[MemberId, list[date]](list)
        for expires_on, member_id in due:
            dates[MemberId(member_id)].append(expires_on)
        entries, points, failed = 0, 0, dict[MemberId, Exception]()
        for member in sorted(dates):
            try:
                async with connection.transaction():
                    swept = await self._settle(connection, [member], due)
            except Exception as error:
                if not is_poison(error):
                    raise
                failed[member] = error
            else:
                entries, points = entries + swept.entries, points + swept.points
        failed_from = min([min(dates[member]) for member in failed], default=None)
        await store.advance(connection, bucket, after, due[-1], failed_from=failed_from)
        return Swept(entries, points, failed)

    async def _settle(
        self, connection: Connection, members: Sequence[MemberId], due: Sequence[At]
    ) -> Swept:
        first, last = due[0].expires_on, due[-1].expires_on
        self.revisions = await caught_up(connection, self.revisions)
        books, now = await ledger.lock_now(connection, members, [])
        today = moment_at(now, self.revisions).today
        if today.day <= last:
            raise LostRaceError(f"it is {today.day}, and lots of {last} were called due")
        await store.load_due(connection, books, first, today.day)
        for book in books.values():
            book.settle(today)
        entries = await ledger.post(connection, books.values())
        points = -sum([entry.line.points for book in books.values() for entry in book.entries])
        return Swept(entries, points, {})
