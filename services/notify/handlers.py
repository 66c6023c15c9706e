"""Notify as the pipeline sees it: records to causes, causes to messages, messages to channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from services.notify import store
from services.notify.channels import Channel
from services.notify.domain.decide import Decision, cause_of, decide
from services.notify.domain.desk import Desk
from shared.contract import points, redemption_events, reminders
from shared.contract.codec import Event, Record
from shared.contract.points import ENTRY_TYPES, PointsExpired
from shared.contract.redemption_events import RedemptionReserved, RedemptionStatus
from shared.contract.wire import Wire
from shared.ledger.entries import MemberId
from shared.pipeline.command import Command
from shared.pipeline.plain import Ignored
from shared.platform.postgres import Connection

GROUP: Final = "points-notify"
TOPICS: Final = (reminders.TOPIC, points.TOPIC, redemption_events.TOPIC)

# What nobody is told of; a member who reserves sees it, and an award is on the entry's own page.
_UNTOLD: Final[Sequence[type[Wire]]] = (*ENTRY_TYPES, RedemptionReserved)
_SILENT: Final = frozenset(
    (wire.topic, wire.type_name.encode()) for wire in _UNTOLD if wire is not PointsExpired
)
_NO_FINGERPRINT: Final = b""
"""A message is told once for its cause, however it is told again: nothing is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """What notify does with a batch; the first channel decides that a message is told."""

    group: ClassVar[str] = GROUP
    channels: Sequence[Channel]

    def ignores(self, record: Record) -> bool:
        """Tell whether nobody is told of a record; most of points.v1 is so."""
        kind = None
        for name, value in record.headers:
            if name == "ce_type":
                kind = value
        return (record.topic, kind) in _SILENT

    def command(self, event: Event, record: Record) -> Command | Ignored:
        """Name the cause of a message, where there is one."""
        cause = cause_of(event.data)
        if cause is None:
            return Ignored(record=record)
        member_id = MemberId(event.data.member_id)
        return Command(cause, member_id, _NO_FINGERPRINT, event, record)

    async def load(self, connection: Connection, commands: Sequence[Command]) -> Desk:
        """Read what the members were told before."""
        statuses = [
            one.event.data for one in commands if isinstance(one.event.data, RedemptionStatus)
        ]
        return await store.load(
            connection,
            [(one.member_id, one.cause) for one in commands],
            [(MemberId(one.member_id), one.redemption_id) for one in statuses],
            {one.reward_id for one in statuses},
        )

    def decide(self, command: Command, state: Desk, now: datetime) -> Decision:
        """Tell the member, once."""
        event = command.event
        return decide(event.data, command.cause, state, now, event.traceparent)

    async def store(self, connection: Connection, state: Desk) -> None:
        """Give the messages to every channel."""
        await store.keep_versions(connection, state)
        if state.messages:
            for channel in self.channels:
                await channel.take(connection, state.messages)

    def committed(self, state: Desk) -> None:
        """Count the messages."""
        for channel in self.channels:
            channel.taken(state.messages)
