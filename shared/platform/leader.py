"""Work that one process at a time does, the others standing by: whoever holds a lock leads."""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final, NamedTuple

from prometheus_client import Gauge

from shared.platform import postgres
from shared.platform.backoff import Backoff
from shared.platform.log import describe
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from shared.platform.sql import load_statements

ASK_SECONDS: Final = 1.0
"""How often one that stands by asks for the lead: part of how long a failover takes."""

_SQL: Final = load_statements("shared.platform")

_log = logging.getLogger(__name__)


class Lock(NamedTuple):
    """An advisory lock of the database: the first number is a service's, for nobody else."""

    of: int
    number: int


async def try_lock(connection: Connection, lock: Lock) -> bool:
    """Try to take a lock; true from then on until it is released or the session ends."""
    return bool(await connection.fetchval(_SQL["try_lock"], *lock))


class Leader(ABC):
    """Stands by until it leads, then does its work again and again; trouble only ends a term."""

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        name: str,
        lock: Lock,
        leads: Gauge,
        server_settings: Mapping[str, str],
        every_seconds: float,
    ) -> None:
        """Take the parts; nothing is connected before `run`."""
        self._settings, self._name, self._lock = settings, name, lock
        self._leads, self._server_settings = leads, server_settings
        self._every_seconds = every_seconds
        self._problem: str | None = "not connected yet"

    @abstractmethod
    async def lead(self, connection: Connection) -> str | None:
        """Do a piece of the work; say why there is none to be done yet, or None where all is well.

        What it raises ends the term; the next begins on a new connection, here or elsewhere.
        """

    async def problem(self) -> str | None:
        """Say why nothing is done, or None: a readiness check."""
        return self._problem

    async def run(self) -> None:
        """Lead or stand by until cancelled."""
        backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
        while True:
            try:
                await self._term(backoff)
            except Exception as error:  # noqa: BLE001 - without a leader nothing is done
                self._problem = describe(error)
                _log.warning("term ended", extra={"leader": self._name, "error": self._problem})
                await asyncio.sleep(backoff.next_seconds())

    async def _term(self, backoff: Backoff) -> None:
        connection = await postgres.wait_connect(
            self._settings, application_name=self._name, server_settings=self._server_settings
        )
        try:
            await self._stand_by(connection)
            self._leads.set(1)
            _log.info("leads", extra={"leader": self._name})
            while True:
                self._problem = await self.lead(connection)
                backoff.reset()
                await asyncio.sleep(self._every_seconds)
        finally:
            self._leads.set(0)
            with contextlib.suppress(*postgres.DATABASE_ERRORS):
                await postgres.close(connection)

    async def _stand_by(self, connection: Connection) -> None:
        self._leads.set(0)
        while not await try_lock(connection, self._lock):
            self._problem = None
            await asyncio.sleep(ASK_SECONDS)
