"""The counter: what the routes ask. Commands go through the pipeline, looks past it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from services.redeem import store
from services.redeem.domain.answer import Answer
from services.redeem.domain.desk import Desk
from services.redeem.domain.limits import Policy
from services.redeem.domain.quote import Quote
from services.redeem.handlers import cause_of, command_of
from services.redeem.quoting import read_quote
from shared.contract.attributes import traceparent_or_none
from shared.contract.codec import Event
from shared.contract.wire import Wire
from shared.ledger.entries import MemberId
from shared.pipeline.command import Reply
from shared.pipeline.errors import NotStartedError
from shared.pipeline.runner import Runner
from shared.platform.postgres import Connection, Pool
from shared.program.revisions import Revisions
from shared.program.store import caught_up

SOURCE = "/jifen/redeem"


class Counter:
    """Redeem behind its routes; many callers at once."""

    def __init__(
        self, runner: Runner[Desk], pool: Pool, policy: Policy, *, patience_seconds: float
    ) -> None:
        """Take the parts; the pool connects when it is first used."""
        self._runner, self._pool, self._policy = runner, pool, policy
        self._patience_seconds = patience_seconds
        self._revisions = Revisions()

    async def tell(self, data: Wire, traceparent: str | None) -> Reply:
        """Apply a command; the reply's body is its answer.

        Raises as `Runner.ask` does.
        """
        trace = traceparent_or_none(traceparent)
        event = Event(id=cause_of(data), source=SOURCE, data=data, traceparent=trace)
        command = command_of(event, None)
        return await self._runner.ask(command, patience_seconds=self._patience_seconds)

    async def quote(self, member_id: MemberId, reward_id: str, quantity: int) -> Quote:
        """Say what a reservation would come to now; raises NotStartedError without a program."""
        async with self._connected() as connection:
            revisions = await caught_up(connection, self._revisions)
            if not revisions.newest:
                raise NotStartedError("the database holds no program revision")
            self._revisions = revisions
            return await read_quote(
                connection,
                member_id=member_id,
                reward_id=reward_id,
                quantity=quantity,
                revisions=revisions,
                policy=self._policy,
            )

    async def find(self, member_id: MemberId, redemption_id: str) -> Answer | None:
        """Read a redemption as it is now."""
        async with self._connected() as connection:
            return await store.find(connection, member_id, redemption_id)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        async with self._pool.acquire() as proxy:
            # The pool's connections behave as the others do, under a type of their own.
            yield cast("Connection", proxy)
