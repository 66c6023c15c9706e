"""Redeem as the pipeline sees it: records to commands, commands to redemptions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Self

from services.redeem import store
from services.redeem.domain import causes
from services.redeem.domain.answer import Spelt, requested
from services.redeem.domain.decide import decide
from services.redeem.domain.desk import Desk
from services.redeem.domain.limits import Policy
from services.redeem.domain.overdue import ReservationOver
from services.redeem.store import Needs
from shared.contract import redemptions, shipments
from shared.contract.codec import Event, Record
from shared.contract.fingerprint import fingerprint
from shared.contract.redemptions import (
    RedemptionCancelled,
    RedemptionConfirmed,
    RedemptionRequested,
)
from shared.contract.shipments import Shipment, ShipmentDelivered, ShipmentSent
from shared.contract.wire import Wire
from shared.ledger.book import Book
from shared.ledger.entries import Cause, MemberId, Telling
from shared.pipeline.command import Command, Moment, Outcome
from shared.platform.postgres import Connection

GROUP: Final = "points-redeem"
TOPICS: Final = (redemptions.TOPIC, shipments.TOPIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem:
    """The domain of redeem; `zone` is the program's."""

    group: ClassVar[str] = GROUP
    # Who has no points can have no reward: a rejection is no reason for an account.
    opens_accounts: ClassVar[bool] = False
    zone: str
    policy: Policy = field(default_factory=Policy)

    def in_zone(self, zone: str) -> Self:
        """Return this domain by the days of another zone."""
        return replace(self, zone=zone)

    def command(self, event: Event, record: Record) -> Command:
        """Name the cause of an event."""
        return command_of(event, record)

    async def lock(self, connection: Connection, commands: Sequence[Command]) -> Desk:
        """Lock the stock that the commands may move."""
        return await store.lock(connection, needs_of([one.event.data for one in commands]))

    def asks(self, command: Command, state: Desk) -> Sequence[Cause]:  # noqa: ARG002 - of the port
        """Name a command's own cause, of which its member's ledger may have an entry."""
        return (command.cause,)

    def only_adds(self, command: Command) -> bool:  # noqa: ARG002 - of the port
        """Tell nothing apart: limits and quotes count all lots."""
        return False

    async def load(self, connection: Connection, commands: Sequence[Command], state: Desk) -> None:
        """Read what was answered before, and what limits are used up."""
        told = {(one.member_id, one.cause): None for one in commands}
        told |= {(one.member_id, _request_of(one.event.data)): None for one in commands}
        asked = [
            (one.member_id, one.event.data.reward_id)
            for one in commands
            if isinstance(one.event.data, RedemptionRequested)
        ]
        await store.load(connection, list(told), asked, self.zone, state)

    def decide(
        self, command: Command, telling: Telling, book: Book, state: Desk, moment: Moment
    ) -> Outcome:
        """Decide one command."""
        return decide(command.event.data, telling, book, state, moment, policy=self.policy)

    async def store(self, connection: Connection, state: Desk) -> None:
        """Write what deciding changed."""
        await store.save(connection, state)


def command_of(event: Event, record: Record | None) -> Command:
    """Make the command that an event tells, in a record or by a call."""
    data: Any = event.data
    return Command(
        cause=cause_of(data),
        member_id=MemberId(data.member_id),
        fingerprint=fingerprint(data),
        event=event,
        record=record,
        wakes=wakes_of(data),
    )


def cause_of(data: Any) -> Cause:
    """Name what a command says happened."""
    return _CAUSES[type(data)](data.redemption_id)


def wakes_of(data: Any) -> tuple[Cause, ...]:
    """Name what may look again after a command: each also releases what is due of its member."""
    member_id = MemberId(data.member_id)
    reservations = causes.reservations_of(member_id)
    if isinstance(data, RedemptionRequested):
        return causes.request_of(member_id, data.redemption_id), reservations
    return (reservations,)


def answer_of(command: Command, desk: Desk) -> Spelt | int:
    """Return what a command came to, now or when it was first told.

    Of a release, which keeps no answer, it is how many reservations of the member there were.
    """
    if type(command.event.data) is ReservationOver:
        return desk.released.get(command.member_id, 0)
    kept = desk.kept.get((command.member_id, command.cause))
    if kept is not None:
        return kept.answer
    data: Any = command.event.data
    return requested(
        desk.redemptions[command.member_id, data.redemption_id], holds=not data.confirm
    )


def needs_of(told: Sequence[Any]) -> Needs:
    """Say which rows deciding these data needs."""
    keys = {(MemberId(data.member_id), data.redemption_id): None for data in told}
    moving = [data for data in told if not isinstance(data, Shipment)]
    asked = [data.reward_id for data in told if isinstance(data, RedemptionRequested)]
    return Needs(
        members=sorted({member for member, _ in keys}),
        redemptions=list(keys),
        moves_stock=frozenset([(MemberId(one.member_id), one.redemption_id) for one in moving]),
        rewards=asked,
    )


def _request_of(data: Any) -> Cause:
    return causes.reserved(data.redemption_id)


_CAUSES: Final[Mapping[type[Wire], Callable[[str], Cause]]] = {
    RedemptionRequested: causes.reserved,
    RedemptionConfirmed: causes.confirmed,
    RedemptionCancelled: causes.cancelled,
    ReservationOver: causes.released,
    ShipmentSent: causes.sent,
    ShipmentDelivered: causes.delivered,
}
"""The cause a command names, by its type."""
