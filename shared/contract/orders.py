"""orders.v1: what was paid and what was given back."""

from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from shared.contract.types import (
    MAX_LINES,
    MAX_MINOR,
    Currency,
    Id,
    Instant,
    LongText,
    Minor,
    Quantity,
    Sku,
    Text,
)
from shared.contract.wire import Wire, wire

TOPIC = "orders.v1"


@wire
class OrderLine:
    """One line of a paid order; `paid_minor` is what was paid for the whole line."""

    fingerprint_fields: ClassVar[tuple[str, ...]] = ("line_id", "sku", "quantity", "paid_minor")

    line_id: Id
    sku: Sku
    category: Text | None = None
    quantity: Quantity
    paid_minor: Minor


@wire
class RefundLine:
    """Money given back on one line of the order."""

    fingerprint_fields: ClassVar[tuple[str, ...]] = ("line_id", "paid_minor")

    line_id: Id
    paid_minor: Minor


def distinct_order_lines(lines: tuple[OrderLine, ...]) -> tuple[OrderLine, ...]:
    """Refuse a repeated line_id, and a total that is no amount any more."""
    if len({line.line_id for line in lines}) != len(lines):
        raise ValueError("expected each line_id once")
    if sum([line.paid_minor for line in lines]) > MAX_MINOR:
        raise ValueError(f"expected lines of at most {MAX_MINOR} together")
    return lines


def distinct_refund_lines(lines: tuple[RefundLine, ...]) -> tuple[RefundLine, ...]:
    """Refuse a repeated line_id: whether to add or to replace would be a guess."""
    if len({line.line_id for line in lines}) != len(lines):
        raise ValueError("expected each line_id once")
    return lines


# fail_fast in both types below: a megabyte of bad lines must cost milliseconds, not seconds.
@wire
class OrderPaid(Wire):
    """An order was paid. Shipping earns nothing; money is in minor units of `currency`."""

    type_name: ClassVar[str] = "order.paid.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "paid_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = (
        "order_id",
        "member_id",
        "paid_at",
        "currency",
        "lines",
    )

    order_id: Id
    paid_at: Instant
    currency: Currency
    lines: Annotated[
        tuple[OrderLine, ...],
        Field(min_length=1, max_length=MAX_LINES, fail_fast=True),
        AfterValidator(distinct_order_lines),
    ]
    shipping_minor: Minor | None = None
    channel: Text | None = None
    device_id: LongText | None = None


@wire(
    json_schema_extra={
        "oneOf": [
            {"required": ["lines"], "properties": {"lines": {"type": "array"}}},
            {"required": ["amount_minor"], "properties": {"amount_minor": {"type": "integer"}}},
        ]
    }
)
class OrderRefunded(Wire):
    """Money of an order was given back: line by line, or as one amount spread over the lines.

    Exactly one of `lines` and `amount_minor` is given.
    """

    type_name: ClassVar[str] = "order.refunded.v1"
    topic: ClassVar[str] = TOPIC
    time_field: ClassVar[str] = "refunded_at"
    fingerprint_fields: ClassVar[tuple[str, ...]] = (
        "refund_id",
        "order_id",
        "member_id",
        "refunded_at",
        "lines",
        "amount_minor",
    )

    refund_id: Id
    order_id: Id
    refunded_at: Instant
    lines: (
        Annotated[
            tuple[RefundLine, ...],
            Field(min_length=1, max_length=MAX_LINES, fail_fast=True),
            AfterValidator(distinct_refund_lines),
        ]
        | None
    ) = None
    amount_minor: Minor | None = None

    @model_validator(mode="after")
    def one_way_of_saying_how_much(self) -> Self:
        """Both would contradict each other, neither says nothing."""
        if (self.lines is None) == (self.amount_minor is None):
            raise ValueError("expected exactly one of lines and amount_minor")
        return self
