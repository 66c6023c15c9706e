"""The one command that redeem gives itself: nobody confirmed a reservation in time."""

from typing import ClassVar

from shared.contract.redemptions import RedemptionDecision
from shared.contract.wire import wire


@wire
class ReservationOver(RedemptionDecision):
    """Found by the loop that looks for such; no topic has it, nobody else can tell it."""

    type_name: ClassVar[str] = "reservation.over"
