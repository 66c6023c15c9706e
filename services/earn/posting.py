"""Transactions on the ledger that somebody asked for over HTTP, beside the batches."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Final

import orjson

from shared.ledger import store as ledger
from shared.pipeline.command import Moment
from shared.pipeline.errors import NotStartedError
from shared.pipeline.moment import moment_at
from shared.platform import postgres
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions
from shared.program.store import caught_up

# Each holds its members' locks as a batch does; more at once would only wait for another.
_AT_ONCE: Final = 2
# Who waits longer for its turn is better told to come again.
_TURN_SECONDS: Final = 5.0
_FINGERPRINT_VERSION: Final = b"\x01"


class Rules:
    """The program's revisions, read anew in each transaction that uses them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._revisions = Revisions()

    async def moment(self, connection: Connection) -> Moment:
        """Return the moment it is, with the rules there are; call it after the locks.

        Raises NotStartedError while the database holds no program.
        """
        self._revisions = revisions = await caught_up(connection, self._revisions)
        if not revisions.newest:
            raise NotStartedError("the database holds no program revision")
        return moment_at(await ledger.read_clock(connection), revisions)


class Ground:
    """Connections that may write, a few at a time.

    Operators ask rarely: each time has a connection of its own, and none is kept.
    """

    def __init__(self, database: DatabaseSettings) -> None:
        """Connect to nothing yet."""
        self._database = database
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection; raises DATABASE_ERRORS, TimeoutError among them."""
        async with asyncio.timeout(_TURN_SECONDS):
            await self._turns.acquire()
        try:
            connection = await postgres.connect(
                self._database,
                application_name="jifen-earn-operator",
                server_settings={"enable_seqscan": "off"},
            )
            try:
                yield connection
            finally:
                await postgres.close(connection)
        finally:
            self._turns.release()


def fingerprint_of(*told: object) -> bytes:
    """Return what two tellings of the same thing have in common."""
    return sha256(_FINGERPRINT_VERSION + orjson.dumps(told)).digest()
