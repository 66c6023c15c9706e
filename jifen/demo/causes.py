"""The ledger's names for what is told: by them a member's entries are found again."""

from shared.contract.check_ins import CheckInMade
from shared.contract.orders import OrderPaid, OrderRefunded
from shared.contract.shares import ShareClicked, ShareOrdered
from shared.contract.wire import Wire
from shared.program.dates import local_day


def cause_of(data: Wire, zone: str) -> str:
    """Name what an event says happened; `zone` is the program's, which bounds its days."""
    match data:
        case OrderPaid():
            return f"order/{data.order_id}/paid"
        case OrderRefunded():
            return f"order/{data.order_id}/refund/{data.refund_id}"
        case CheckInMade():
            return f"check-in/{local_day(data.made_at, zone)}"
        case ShareClicked():
            return f"share/click/{data.friend_id}/{local_day(data.clicked_at, zone)}"
        case ShareOrdered():
            return f"share/order/{data.order_id}"
        case _:
            raise TypeError(f"nothing of this kind is told here: {type(data).__name__}")
