"""Channels: how a message reaches its member. The inbox always; others as they are set up.

A channel takes messages within the transaction of their batch, so what it needs from outside comes
later, from rows it wrote: see `services/notify/sender.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from services.notify import store
from services.notify.domain.message import Message
from shared.platform.metrics import Metrics
from shared.platform.postgres import Connection

INBOX: Final = "inbox"
WEBHOOK: Final = "webhook"


class Channel(Protocol):
    """What a batch asks of a channel."""

    @property
    def name(self) -> str:
        """How rows, events and metrics name it."""
        ...

    async def take(self, connection: Connection, messages: Sequence[Message]) -> None:
        """Write what the channel needs, in the batch's transaction."""
        ...

    def taken(self, messages: Sequence[Message]) -> None:
        """Count messages of a batch that was committed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """The channel that can't fail: a message is there as soon as its batch is."""

    name: ClassVar[str] = INBOX
    metrics: Metrics

    async def take(self, connection: Connection, messages: Sequence[Message]) -> None:
        """Write messages, and that they were sent."""
        await store.keep_messages(connection, messages)
        await store.announce_sent(connection, self.name, messages)

    def taken(self, messages: Sequence[Message]) -> None:
        """Count messages as sent."""
        for one in messages:
            self.metrics.notifications.labels(self.name, one.template, "sent").inc()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A channel outside, such as a webhook: messages wait for its sender."""

    name: str

    async def take(self, connection: Connection, messages: Sequence[Message]) -> None:
        """Let messages wait, except for those that are for the inbox alone."""
        outside = [one for one in messages if one.outside]
        if outside:
            await store.enqueue(connection, self.name, outside)

    def taken(self, messages: Sequence[Message]) -> None:
        """Count nothing yet: the sender will."""
