"""Events onto Kafka, for tests that have no client of their own."""

import asyncio
import secrets
from collections.abc import Iterable
from typing import Final

from aiokafka.errors import KafkaError

from jifen.testing.errors import NotTakenError
from shared.contract.codec import Event, encode_binary
from shared.contract.wire import Wire
from shared.platform.kafka import abandon, create_producer
from shared.platform.settings import KafkaSettings

SOURCE: Final = "/jifen-testing"
_PATIENCE_SECONDS: Final = 30.0


async def send(bootstrap: str, events: Iterable[Wire | Event]) -> None:
    """Send events in order and wait until Kafka has them; raises NotTakenError."""
    producer = create_producer(KafkaSettings(bootstrap=bootstrap), client_id="jifen-testing")
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await producer.start()
            sent = []
            for event in map(_named, events):
                value, headers = encode_binary(event)
                key = event.data.member_id.encode()
                sent.append(await producer.send(event.data.topic, value, key=key, headers=headers))
            await asyncio.gather(*sent)
    except (TimeoutError, KafkaError) as error:
        await abandon(producer)
        raise NotTakenError(
            f"Kafka at {bootstrap} did not take all events in {_PATIENCE_SECONDS:.0f} s"
            f" ({type(error).__name__})"
        ) from error
    await producer.stop()


def _named(event: Wire | Event) -> Event:
    if isinstance(event, Event):
        return event
    return Event(id=secrets.token_hex(16), source=SOURCE, time=event.occurred_at, data=event)
