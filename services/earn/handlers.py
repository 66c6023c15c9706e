"""Earn as the pipeline sees it: records to commands, commands to points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

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
    """The domain of earn; `zone` is the program's, which never changes."""

    group: ClassVar[str] = GROUP
    zone: str

    def command(self, event: Event, record: Record) -> Command:
        """Name the cause of an event."""
        return Command(
            cause=self._cause(event.data),
            member_id=MemberId(event.data.member_id),
            fingerprint=fingerprint(event.data),
            event=event,
            record=record,
        )

    async def lock(self, connection: Connection, commands: Sequence[Command]) -> Desk:
        """Claim the orders that the commands speak of."""
        return await store.lock(connection, [command.event.data for command in commands])

    async def load(self, connection: Connection, commands: Sequence[Command], state: Desk) -> None:
        """Read what deciding the commands needs."""
        events = [command.event.data for command in commands]
        days = [
            (data.member_id, local_day(data.made_at, self.zone))
            for data in events
            if isinstance(data, CheckInMade)
        ]
        await store.load(connection, events, days, state)

    def decide(
        self, command: Command, telling: Telling, book: Book, state: Desk, moment: Moment
    ) -> Outcome:
        """Decide one command."""
        return decide(command, telling, book, state, moment)

    async def store(self, connection: Connection, state: Desk) -> None:
        """Write what deciding changed."""
        await store.save(connection, state)

    def _cause(self, data: Wire) -> Cause:
        match data:
            case OrderPaid():
                return causes.paid(data.order_id)
            case OrderRefunded():
                return causes.refunded(data.order_id, data.refund_id)
            case CheckInMade():
                return causes.checked_in(local_day(data.made_at, self.zone))
            case ShareClicked():
                day = local_day(data.clicked_at, self.zone)
                return causes.clicked(data.friend_id, day)
            case ShareOrdered():
                return causes.friend_ordered(data.order_id)
            case ShareBonusReversed():
                return causes.bonus_reversed(data.order_id)
            case _:
                raise TypeError(f"earn does not take {type(data).__name__}")
