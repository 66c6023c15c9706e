"""Calls: commands that somebody waits for, queued in memory until a batch takes them along."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from shared.pipeline.command import Command, Reply
from shared.pipeline.errors import OverloadedError


@dataclass(frozen=True, slots=True)
class _Call:
    command: Command
    reply: "asyncio.Future[Reply]"


class Calls:
    """A bounded queue of calls; those whose caller has gone are dropped before they are decided."""

    def __init__(self, *, most: int) -> None:
        """Hold at most `most` calls at once, those in a batch included."""
        self._most = most
        self._numbers = count(1)
        self._open: dict[int, _Call] = {}
        self._queue: deque[int] = deque()
        self._arrived = asyncio.Event()

    async def ask(self, command: Command, *, patience_seconds: float) -> Reply:
        """Queue a command that came in no record, and wait until a batch has committed it.

        Raises OverloadedError at once where too many wait, TimeoutError after `patience_seconds`
        (it may still be applied: ask again, under the same cause), and what the command itself
        raised, alone in its batch.
        """
        if len(self._open) >= self._most:
            raise OverloadedError(f"{self._most} calls are waiting already")
        ticket = next(self._numbers)
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Reply] = loop.create_future()
        self._open[ticket] = _Call(command._replace(ticket=ticket), reply)
        self._queue.append(ticket)
        self._arrived.set()
        # A timer of its own costs a third of what `asyncio.timeout` does, which has more to undo.
        expiry = loop.call_later(patience_seconds, _expire, reply)
        try:
            return await reply
        finally:
            expiry.cancel()
            del self._open[ticket]

    async def wait(self, calls: int = 1) -> None:
        """Wait until so many are queued."""
        while len(self._queue) < calls:
            self._arrived.clear()
            await self._arrived.wait()

    async def gather(self, enough: int, *, seconds: float) -> None:
        """Wait so long, or until so many are queued."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.wait(enough)

    def take(self, most: int) -> list[Command]:
        """Take up to so many commands whose callers still wait, oldest first."""
        taken: list[Command] = []
        while self._queue and len(taken) < most:
            call = self._open.get(self._queue.popleft())
            if call is not None:
                taken.append(call.command)
        return taken

    def put_back(self, commands: Iterable[Command]) -> None:
        """Put commands back to the front that were taken and not answered."""
        waiting = [one.ticket for one in commands if one.ticket is not None and self.is_open(one)]
        self._queue.extendleft(reversed(waiting))
        self._arrived.set()

    def is_open(self, command: Command) -> bool:
        """Tell whether somebody still waits for the answer."""
        call = self._open.get(command.ticket or 0)
        return call is not None and not call.reply.done()

    def answer(self, command: Command, reply: Reply) -> None:
        """Give the caller what the command came to, if there still is one."""
        if self.is_open(command):
            self._open[command.ticket or 0].reply.set_result(reply)

    def fail(self, commands: Sequence[Command], error: Exception) -> None:
        """Let the callers see why their commands were not applied."""
        for command in commands:
            if self.is_open(command):
                self._open[command.ticket or 0].reply.set_exception(error)


def _expire(reply: "asyncio.Future[Reply]") -> None:
    if not reply.done():
        reply.set_exception(TimeoutError("no batch committed it in time"))
