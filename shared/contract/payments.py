"""payments.v1: the cash part of a redemption."""

from typing import ClassVar

from shared.contract.types import Currency, Id, Instant, Minor
from shared.contract.wire import Wire, wire

TOPIC = "payments.v1"


@wire
class Payment(Wire):
    """What a payment that succeeded and one that failed share."""

    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = (
        "payment_id",
        "redemption_id",
        "member_id",
        "amount_minor",
        "currency",
    )

    payment_id: Id
    redemption_id: Id
    amount_minor: Minor
    currency: Currency
    at: Instant


@wire
class PaymentSucceeded(Payment):
    """The cash part of a redemption was paid."""

    type_name: ClassVar[str] = "payment.succeeded.v1"


@wire
class PaymentFailed(Payment):
    """The cash part of a redemption will not be paid."""

    type_name: ClassVar[str] = "payment.failed.v1"
