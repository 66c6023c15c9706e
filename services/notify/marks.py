"""Marks: which messages of an inbox their member has read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

from services.notify import store
from shared.platform.postgres import Connection, Pool

# Who waits longer for a connection is better told to come again.
_ACQUIRE_SECONDS: Final = 2.0


class DatabaseMarks:
    """Writes marks beside the batches, which never touch a message again."""

    def __init__(self, pool: Pool) -> None:
        """Take the pool; it connects when it is first used."""
        self._pool = pool

    async def mark(self, member_id: str, notice_id: int) -> bool:
        """Mark a message as read, unless it is; tell whether the member has it."""
        async with self._connected() as connection:
            return await store.mark_read(connection, member_id, notice_id)

    async def mark_up_to(self, member_id: str, notice_id: int) -> None:
        """Mark all messages up to a number as read that are not."""
        async with self._connected() as connection:
            await store.mark_read_up_to(connection, member_id, notice_id)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        async with self._pool.acquire(timeout=_ACQUIRE_SECONDS) as proxy:
            # The pool's connections behave as the others do, under a type of their own.
            yield cast("Connection", proxy)
