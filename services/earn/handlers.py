"""Earn as the pipeline sees it: records to commands, commands to points."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self

from services.earn import store
from services.earn.domain import causes
from services.earn.domain.decide import decide
from services.earn.domain.desk import Desk
from shared.contract import check_ins, ledger_commands, orders, shares
from shared.contract.check_ins import CheckInMade
from shared.contract.codec import Event, Record
from shared.contract.fingerprint import fingerprint
from shared.contract.ledger_commands import ShareBonusReversed
from shared.contract.orders import OrderPaid, OrderRefunded
from shared.contract.shares import ShareClicked, ShareOrdered
from shared.contract.wire import Wire
from shared.ledger.book import Book
from shared.ledger.entries import Cause, MemberId, Telling
from shared.pipeline.command import Command, Moment, Outcome
from shared.platform.postgres import Connection
from shared.program.dates import local_day

GROUP: Final = "points-earn"
TOPICS: Final = (orders.TOPIC, check_ins.TOPIC, shares.TOPIC, ledger_commands.TOPIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earn:
    """The domain of earn; `zone` is the program's."""

    group: ClassVar[str] = GROUP
    opens_accounts: ClassVar[bool] = True
    zone: str

    def in_zone(self, zone: str) -> Self:
        """Return this domain by the days of another zone."""
        return replace(self, zone=zone)

    def command(self, event: Event, record: Record) -> Command:
        """Name the cause of an event."""
        return Command(
            cause=_CAUSES[type(event.data)](event.data, self.zone),
            member_id=MemberId(event.data.member_id),
            fingerprint=fingerprint(event.data),
            event=event,
            record=record,
        )

    async def lock(self, connection: Connection, commands: Sequence[Command]) -> Desk:
        """Claim the orders that the commands speak of."""
        return await store.lock(connection, _by_type(commands))

    def asks(self, command: Command, state: Desk) -> Sequence[Cause]:
        """Name what deciding an event asks of its member's ledger.

        A payment is in no ledger while its order's claim is new: both are written at once.
        """
        data = command.event.data
        if type(data) is OrderPaid and not state.orders[data.order_id].settled:
            return ()
        if type(data) is ShareBonusReversed:
            return (command.cause, causes.friend_ordered(data.order_id))
        return (command.cause,)

    def only_adds(self, command: Command) -> bool:
        """Tell whether an event can only be worth points; a check-in may correct later days."""
        return type(command.event.data) in _ADDING

    async def load(self, connection: Connection, commands: Sequence[Command], state: Desk) -> None:
        """Read what deciding the commands needs."""
        await store.load(connection, _by_type(commands), state, self.zone)

    def decide(
        self, command: Command, telling: Telling, book: Book, state: Desk, moment: Moment
    ) -> Outcome:
        """Decide one command."""
        return decide(command.event.data, telling, book, state, moment)

    async def store(self, connection: Connection, state: Desk) -> None:
        """Write what deciding changed."""
        await store.save(connection, state)


def _by_type(commands: Sequence[Command]) -> store.Told:
    told = store.Told()
    lists: dict[type[Wire], list[Any]] = {
        OrderPaid: told.orders,
        OrderRefunded: told.refunds,
        CheckInMade: told.check_ins,
        ShareOrdered: told.friend_orders,
        ShareBonusReversed: told.reversals,
    }
    for command in commands:
        wanted = lists.get(type(command.event.data))
        if wanted is not None:
            wanted.append(command.event.data)
    return told


_ADDING: Final[frozenset[type[Wire]]] = frozenset({OrderPaid, ShareClicked, ShareOrdered})

_CAUSES: Final[Mapping[type[Wire], Callable[[Any, str], Cause]]] = {
    OrderPaid: lambda data, _: causes.paid(data.order_id),
    OrderRefunded: lambda data, _: causes.refunded(data.order_id, data.refund_id),
    CheckInMade: lambda data, zone: causes.checked_in(local_day(data.made_at, zone)),
    ShareClicked: lambda data, zone: causes.clicked(
        data.friend_id, local_day(data.clicked_at, zone)
    ),
    ShareOrdered: lambda data, _: causes.friend_ordered(data.order_id),
    ShareBonusReversed: lambda data, _: causes.bonus_reversed(data.order_id),
}
"""The cause an event names, by its type and the program's zone."""
