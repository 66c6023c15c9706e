"""A redemption: one purchase, from its reservation to the parcel or back."""

from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

from shared.ledger.entries import LotMove, MemberId

Status: TypeAlias = Literal[
    "reserved", "awaiting-payment", "to-ship", "shipped", "completed", "cancelled"
]

RedemptionKey: TypeAlias = tuple[MemberId, str]
"""A redemption's id is its member's own."""


class Redemption(NamedTuple):
    """One purchase; `points` is its whole price, `lots` what giving it back puts where.

    `balance` is the member's right after it was paid; `counted_on` is the local day that limits
    count it under; `version` counts its statuses.
    """

    member_id: MemberId
    redemption_id: str
    reward_id: str
    kind: str
    quantity: int
    points: int
    balance: int
    status: Status
    rewards_revision: int
    lots: tuple[LotMove, ...]
    counted_on: date
    requested_at: datetime
    reserved_until: datetime
    changed_at: datetime
    version: int = 1
    reason: str | None = None
    carrier: str | None = None
    tracking_no: str | None = None

    @property
    def key(self) -> RedemptionKey:
        """Name it among all."""
        return self.member_id, self.redemption_id

    @property
    def is_held(self) -> bool:
        """Tell a reservation that waits for its confirmation."""
        return self.status == "reserved"

    @property
    def is_cancelled(self) -> bool:
        """Tell one that has given everything back."""
        return self.status == "cancelled"

    @property
    def is_under_way(self) -> bool:
        """Tell one whose parcel has left: nothing is given back any more."""
        return self.status in {"shipped", "completed"}

    def moved_to(self, status: Status, *, at: datetime, reason: str | None = None) -> "Redemption":
        """Return it in its next status."""
        return self._replace(status=status, version=self.version + 1, changed_at=at, reason=reason)

    def sent_by(self, carrier: str | None, tracking_no: str | None) -> "Redemption":
        """Return it with what is known of its parcel; what was told before stays."""
        return self._replace(
            carrier=self.carrier or carrier, tracking_no=self.tracking_no or tracking_no
        )
