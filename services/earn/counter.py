"""The counter: what the routes ask of earn, beside what is told on Kafka."""

from typing import Final, cast

from services.earn.adjusting import Adjustment, adjust
from services.earn.bodies import AdjustedBody, CartBody, ImportedBody, PreviewBody
from services.earn.importing import Import, import_rows
from services.earn.posting import Ground, Rules
from services.earn.previewing import preview
from shared.platform.postgres import Connection, Pool
from shared.platform.settings import DatabaseSettings

# Who waits longer for a connection is better told to come again.
_ACQUIRE_SECONDS: Final = 2.0


class Counter:
    """Earn behind its routes; many callers at once."""

    def __init__(self, pool: Pool, database: DatabaseSettings, *, daily_points: int) -> None:
        """Take a pool for what only reads, and where the database is; connect to nothing yet."""
        self._pool, self._ground, self._rules = pool, Ground(database), Rules()
        self._daily_points = daily_points

    async def preview(self, cart: CartBody) -> PreviewBody:
        """Say what a cart would earn now; raises NotStartedError, DATABASE_ERRORS."""
        async with self._pool.acquire(timeout=_ACQUIRE_SECONDS) as proxy:
            # The pool's connections behave as the others do, under a type of their own.
            return await preview(cast("Connection", proxy), self._rules, cart)

    async def adjust(self, wanted: Adjustment) -> tuple[AdjustedBody, bool]:
        """Post an adjustment; raises as `adjusting.adjust` does."""
        return await adjust(self._ground, self._rules, wanted, daily_points=self._daily_points)

    async def import_rows(self, told: Import, *, dry_run: bool) -> ImportedBody:
        """Post rows; raises as `importing.import_rows` does."""
        return await import_rows(self._ground, self._rules, told, dry_run=dry_run)
