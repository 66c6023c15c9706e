"""Looking at the database now and then, on a connection of its own, while a service runs."""

import asyncio
from abc import ABC, abstractmethod
from typing import Final

from shared.platform.log import describe
from shared.platform.postgres import Connection, close, connect
from shared.platform.schema import check_schema
from shared.platform.settings import DatabaseSettings

SAMPLE_SECONDS: Final = 5.0
"""Well within the 15 s and more in which metrics are scraped."""


class Sampler(ABC):
    """Takes a sample every few seconds; whether it could is the database's readiness check.

    Nothing is sampled on a schema that is older than the code: it says so until it is migrated.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        application_name: str,
        every_seconds: float = SAMPLE_SECONDS,
    ) -> None:
        self._settings, self._name = settings, application_name
        self._every_seconds = every_seconds
        self._problem: str | None = "not asked yet"

    @abstractmethod
    async def sample(self, connection: Connection) -> None:
        """Take one sample; what it raises is the problem until the next succeeds."""

    async def problem(self) -> str | None:
        """Tell whether the database answered the last time it was asked (a readiness check)."""
        return self._problem

    async def run(self) -> None:
        """Sample until cancelled; after trouble on a new connection."""
        while True:
            try:
                connection = await connect(self._settings, application_name=self._name)
                try:
                    await self._sample_on(connection)
                finally:
                    await close(connection)
            except Exception as error:  # noqa: BLE001 - what shows trouble must not end with it
                self._problem = describe(error)
            await asyncio.sleep(self._every_seconds)

    async def _sample_on(self, connection: Connection) -> None:
        await check_schema(connection)
        while True:
            await self.sample(connection)
            self._problem = None
            await asyncio.sleep(self._every_seconds)
