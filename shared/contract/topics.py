"""The topics: what they carry, how long they keep it, and who reads them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
from shared.contract.registry import TYPES_BY_TOPIC

DAY_MS = 24 * 3600 * 1000
# As long as an event may wait parked: what was parked last can still be read from its topic.
INPUT_RETENTION_MS = 30 * DAY_MS
OUTPUT_RETENTION_MS = 14 * DAY_MS  # two weeks for a reader that is down over a holiday
DEAD_LETTER_RETENTION_MS = 90 * DAY_MS  # people look at these, not programs
PARTITIONS = 8  # the most processes of one service that share the work
MEMBER_KEY = "member_id"
INPUT_MAX_BYTES = 4 * 1024 * 1024  # four times what the codec takes: we refuse, not the broker
OUTPUT_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """One topic as the broker should have it."""

    name: str
    partitions: int
    retention_ms: int
    key: str
    max_message_bytes: int
    types: tuple[str, ...]


def _input(name: str) -> Topic:
    return Topic(
        name=name,
        partitions=PARTITIONS,
        retention_ms=INPUT_RETENTION_MS,
        key=MEMBER_KEY,
        max_message_bytes=INPUT_MAX_BYTES,
        types=tuple(TYPES_BY_TOPIC[name]),
    )


def _output(name: str, *, partitions: int = PARTITIONS) -> Topic:
    return Topic(
        name=name,
        partitions=partitions,
        retention_ms=OUTPUT_RETENTION_MS,
        key=MEMBER_KEY,
        max_message_bytes=OUTPUT_MAX_BYTES,
        types=tuple(TYPES_BY_TOPIC[name]),
    )


INPUT_TOPICS: tuple[Topic, ...] = (
    _input(orders.TOPIC),
    _input(check_ins.TOPIC),
    _input(shares.TOPIC),
    _input(engagement.TOPIC),
    _input(redemptions.TOPIC),
    _input(payments.TOPIC),
    _input(shipments.TOPIC),
)
OUTPUT_TOPICS: tuple[Topic, ...] = (
    _output(points.TOPIC),
    _output(redemption_events.TOPIC),
    _output(reminders.TOPIC),
    _output(notifications.TOPIC),
    _output(parking.TOPIC, partitions=1),
)
INTERNAL_TOPICS: tuple[Topic, ...] = (_input(ledger_commands.TOPIC),)
TOPICS: tuple[Topic, ...] = INPUT_TOPICS + OUTPUT_TOPICS + INTERNAL_TOPICS

# Who reads what; a consumer group is a service with its own offsets and dead letters.
CONSUMED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "points-earn": (
            orders.TOPIC,
            check_ins.TOPIC,
            shares.TOPIC,
            engagement.TOPIC,
            ledger_commands.TOPIC,
        ),
        "points-redeem": (redemptions.TOPIC, payments.TOPIC, shipments.TOPIC),
        "points-notify": (points.TOPIC, redemption_events.TOPIC, reminders.TOPIC),
    }
)


def dead_letter_topic(topic: str, group: str) -> str:
    """Return where a group puts what it could not use of a topic."""
    return f"{topic}.{group}.dlq"


def topics_for(groups: Iterable[str]) -> tuple[Topic, ...]:
    """Return all topics, and the dead letter topics of these groups."""
    dead_letters = tuple(
        _dead_letters(topic, group) for group in groups for topic in CONSUMED_BY[group]
    )
    return TOPICS + dead_letters


def _dead_letters(topic: str, group: str) -> Topic:
    return Topic(
        name=dead_letter_topic(topic, group),
        partitions=1,
        retention_ms=DEAD_LETTER_RETENTION_MS,
        key="the original key",
        max_message_bytes=OUTPUT_MAX_BYTES,
        types=(),
    )
