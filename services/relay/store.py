"""The outbox in PostgreSQL, read and deleted on the one session that holds the lead."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TypeVar

from services.relay.domain import MAX_DEAD_LETTER_BYTES, DeadLetter, OutboxRow, Snapshot
from shared.platform.clock import monotonic
from shared.platform.leader import Lock, try_lock
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements

GROUP = "points-relay"

# Two numbers that nobody else of this database locks: "jife" in ASCII, and the relay.
_LOCK = Lock(0x6A696665, 1)
_SQL = load_statements("services.relay")
_T = TypeVar("_T")

# How the server makes sure that a stopped or vanished relay loses its lead. Idle: the process
# is stopped, its machine alive. Unread answers: the same, in the middle of a page.
LEASE_SECONDS = 5.0
_PING_SECONDS = LEASE_SECONDS / 5
SESSION_SETTINGS = {
    "idle_session_timeout": str(int(LEASE_SECONDS * 1_000)),
    "tcp_user_timeout": str(int(LEASE_SECONDS * 1_000)),
    # The table's statistics say "empty" or "huge", never what it is now: by id is always right.
    "enable_seqscan": "off",
    "enable_sort": "off",
}


class OutboxStore:
    """One session's view of the outbox. Not for use by two tasks at once.

    Every method raises one of `shared.platform.postgres.DATABASE_ERRORS` when the session is
    gone, and with it the lead.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._heard_at = monotonic()

    async def try_lead(self) -> bool:
        """Try to become the one that publishes; true from then on until the session ends."""
        leads = await try_lock(self._connection, _LOCK)
        self._heard_at = monotonic()
        return leads

    async def ping(self) -> None:
        """Keep the session, and learn whether it is still there."""
        await self._connection.execute(_SQL["ping"])
        self._heard_at = monotonic()

    async def ensure_session(self) -> None:
        """Ask the server again if so much time passed that the lead may be someone else's.

        A process that was stopped for a minute does not know: this is what it checks before it
        publishes what it read before.
        """
        if monotonic() - self._heard_at > LEASE_SECONDS / 2:
            await self.ping()

    async def keep_during(self, work: Coroutine[object, object, _T]) -> _T:
        """Wait for work that doesn't use this session, and keep the session (and the lead) alive.

        When the session turns out to be gone, the work is cancelled.
        """
        task = asyncio.create_task(work)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_PING_SECONDS)
                if not task.done():
                    await self.ping()
        except BaseException:
            task.cancel()
            await asyncio.wait({task})
            raise
        return task.result()

    async def page(self, above_id: int, limit: int) -> list[OutboxRow]:
        """Read the oldest waiting rows above an id."""
        records = await self._connection.fetch(_SQL["page"], above_id, limit)
        self._heard_at = monotonic()
        return [OutboxRow._make(record) for record in records]

    async def dead_letters(self, ids: Sequence[int]) -> dict[int, DeadLetter]:
        """Read dead letters, by id."""
        records = await self._connection.fetch(_SQL["dead_letters"], ids, MAX_DEAD_LETTER_BYTES)
        self._heard_at = monotonic()
        return {letter.id: letter for letter in map(DeadLetter._make, records)}

    async def delete(self, ids: Sequence[int]) -> None:
        """Remove what Kafka has acknowledged."""
        await self._connection.execute(_SQL["delete"], ids)
        self._heard_at = monotonic()

    async def set_aside(self, row: OutboxRow, *, detail: str, headers: bytes) -> None:
        """Move a row that can't be published to the dead letters, with the headers it had.

        The copy of a dead letter is just dropped: its original is there.
        """
        if row.dead_letter_id is not None:
            await self.delete([row.id])
            return
        await self._connection.execute(_SQL["set_aside"], row.id, GROUP, detail, headers)
        self._heard_at = monotonic()

    async def snapshot(self) -> Snapshot:
        """Read which transactions have ended."""
        record = await self._connection.fetchrow(_SQL["snapshot"])
        if record is None:
            raise AssertionError("a SELECT without FROM a table has one row")
        return Snapshot(oldest_running=record["oldest_running"], next=record["next"])


async def read_backlog(connection: Connection, *, limit: int) -> tuple[int, float]:
    """Count waiting rows, up to the limit; and the oldest one's age in seconds."""
    record = await connection.fetchrow(_SQL["backlog"], limit)
    if record is None:
        raise AssertionError("a SELECT without FROM a table has one row")
    return record["waiting_rows"], record["oldest_seconds"]
