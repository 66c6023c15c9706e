"""FastStream's edges: a batch subscriber of which everything but polling is switched off."""

from collections.abc import Sequence
from typing import Any, Final

from aiokafka import ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaAckableMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber

from shared.pipeline.fetch import Fetch
from shared.platform.settings import KafkaSettings

MAX_RECORDS: Final = 4_000
"""One poll's ceiling: two of the largest batches, so that the next one is at hand."""

POLL_MS: Final = 20
"""FastStream sleeps this long after an empty poll, so it is what a quiet event waits at most."""

REBALANCE_SECONDS: Final = 30.0
"""The broker waits so long for a group to gather, then goes on without who did not come."""

REVOKE_PATIENCE_SECONDS: Final = 20.0
"""A rebalance waits so long for the batch in flight; below the time the broker waits for us."""

HEARTBEAT_MS: Final = 500
"""So a group hears of who comes and goes: from the first to hear until the last, nobody reads."""


def make_subscriber(
    settings: KafkaSettings,
    topics: Sequence[str],
    *,
    group: str,
    service: str,
    fetch: Fetch,
    listener: ConsumerRebalanceListener,
) -> tuple[KafkaBroker, BatchSubscriber]:
    """Make a broker with one subscriber of raw records; nothing is connected yet."""
    broker = KafkaBroker(
        settings.bootstrap,
        client_id=f"jifen-{service}",
        logger=None,
        apply_types=False,
        allow_auto_create_topics=False,
        consumer_only=True,
        graceful_timeout=REVOKE_PATIENCE_SECONDS,
    )
    subscriber = broker.subscriber(
        *topics,
        group_id=group,
        batch=True,
        max_records=MAX_RECORDS,
        batch_timeout_ms=POLL_MS,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        listener=listener,
        # What a sender's transaction took back never happened.
        isolation_level="read_committed",
        fetch_min_bytes=fetch.bytes,
        fetch_max_wait_ms=fetch.wait_ms,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=min(HEARTBEAT_MS, settings.session_timeout_ms // 3),
        rebalance_timeout_ms=int(REBALANCE_SECONDS * 1_000),
        max_poll_interval_ms=86_400_000,
        parser=_parse,
        decoder=_decode,
    )
    return broker, subscriber


async def _parse(records: Sequence[Any]) -> KafkaAckableMessage:
    """Wrap raw records without looking into them: FastStream's own parser loses bad batches."""
    return KafkaAckableMessage(
        raw_message=tuple(records),
        body=b"",
        headers={},
        message_id="",
        correlation_id="",
        consumer=FAKE_CONSUMER,
    )


async def _decode(message: KafkaAckableMessage) -> Any:
    return message.raw_message
