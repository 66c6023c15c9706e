"""Runs that operators ask for."""

from datetime import date

from services.expiry import store
from services.expiry.store import Run
from shared.platform import postgres
from shared.platform.settings import DatabaseSettings
from shared.program.dates import local_day
from shared.program.revisions import Revisions
from shared.program.store import read_newer


class TooEarlyError(Exception):
    """A run is asked for a day that has not begun, or before there is a program with its zone."""


class DatabaseRuns:
    """Asks on a connection of its own: that happens a few times a year."""

    def __init__(self, settings: DatabaseSettings) -> None:
        """Take where the database is."""
        self._settings = settings

    async def request(self, as_of: date | None, by: str, *, remind_now: bool = False) -> Run:
        """Ask for a run of a day, today unless told otherwise; reminders are planned again as well.

        Raises TooEarlyError, or one of DATABASE_ERRORS.
        """
        connection = await postgres.connect(
            self._settings,
            application_name="jifen-expiry-runs",
            server_settings=store.SESSION_SETTINGS,
        )
        try:
            async with connection.transaction():
                revisions = Revisions(await read_newer(connection, 0))
                if not revisions.newest:
                    raise TooEarlyError("the database holds no program revision yet")
                today = local_day(await store.read_clock(connection), revisions.zone)
                if as_of is not None and as_of > today:
                    raise TooEarlyError(f"expected {today} or earlier, got {as_of}")
                plan_on = today if remind_now else None
                return await store.request_run(connection, as_of or today, by, plan_on)
        finally:
            await postgres.close(connection)
