"""Every type that travels, found by its topic and name."""

from collections.abc import Mapping
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType

from shared.contract import (
    check_ins,
    engagement,
    ledger_commands,
    notifications,
    orders,
    parking,
    payments,
    points,
    redemption_events,
    redemptions,
    reminders,
    shares,
    shipments,
)
from shared.contract.wire import Wire

# In the order of the published tables: what comes in, then what goes out, topic by topic.
WIRE_TYPES: tuple[type[Wire], ...] = (
    orders.OrderPaid,
    orders.OrderRefunded,
    check_ins.CheckInMade,
    shares.ShareClicked,
    shares.ShareOrdered,
    engagement.MemberFollowed,
    engagement.ProfileCompleted,
    engagement.ReviewPosted,
    engagement.SurveyAnswered,
    engagement.TaskCompleted,
    redemptions.RedemptionRequested,
    redemptions.RedemptionConfirmed,
    redemptions.RedemptionCancelled,
    payments.PaymentSucceeded,
    payments.PaymentFailed,
    shipments.ShipmentSent,
    shipments.ShipmentDelivered,
    *points.ENTRY_TYPES,
    redemption_events.RedemptionReserved,
    redemption_events.RedemptionAwaitingPayment,
    redemption_events.RedemptionToShip,
    redemption_events.RedemptionShipped,
    redemption_events.RedemptionCompleted,
    redemption_events.RedemptionWithdrawn,
    redemption_events.RedemptionRejected,
    reminders.ExpiryReminderDue,
    notifications.NotificationSent,
    notifications.NotificationFailed,
    ledger_commands.ShareBonusReversed,
    parking.EventAbandoned,
)

# By topic first: one name may be a command on one topic and a status on another, and a topic
# that outsiders may write to must not carry the internal types.
_ON_TOPIC: dict[str, dict[str, type[Wire]]] = {
    topic: {wire.type_name: wire for wire in wires}
    for topic, wires in groupby(WIRE_TYPES, key=attrgetter("topic"))
}
# A parked event of another member is sent on as a command, under the type it came with.
_ON_TOPIC[ledger_commands.TOPIC] |= {
    wire.type_name: wire for wire in (orders.OrderRefunded, shares.ShareOrdered)
}

TYPES_BY_TOPIC: Mapping[str, Mapping[str, type[Wire]]] = MappingProxyType(
    {topic: MappingProxyType(types) for topic, types in _ON_TOPIC.items()}
)
