"""Telling events through Kafka, and where in its topics they ended."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from jifen.demo.errors import ReplayError
from shared.contract.codec import Event, encode_binary
from shared.platform.kafka import abandon, create_producer
from shared.platform.settings import KafkaSettings

if TYPE_CHECKING:
    from aiokafka.structs import RecordMetadata

T = TypeVar("T")

# The producer is idempotent and would try for ever; whoever waits at a terminal should not.
PATIENCE_SECONDS: Final = 30.0
_MAX_IN_FLIGHT = 2_000


class Partition(NamedTuple):
    """One partition of a topic."""

    topic: str
    number: int


# The offset after the last record told, of each partition that got any.
Ends: TypeAlias = dict[Partition, int]


class Teller:
    """Sends events in order, with as many on their way as the broker can use."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._on_their_way: list[asyncio.Future[RecordMetadata]] = []
        self.ends: Ends = {}
        self.told = 0

    async def tell(self, event: Event) -> None:
        """Send one event, keyed by its member; raises ReplayError when the broker does not take it.

        It is on its way when this returns, and in Kafka after `arrived`.
        """
        value, headers = encode_binary(event)
        key = event.data.member_id.encode()
        sent = self._producer.send(event.data.topic, value, key=key, headers=headers)
        self._on_their_way.append(await _bounded(sent))
        self.told += 1
        if len(self._on_their_way) >= _MAX_IN_FLIGHT:
            await self.arrived()

    async def arrived(self) -> None:
        """Wait until Kafka has all that was sent."""
        on_their_way, self._on_their_way = self._on_their_way, []
        for record in await _bounded(asyncio.gather(*on_their_way)):
            partition = Partition(record.topic, record.partition)
            self.ends[partition] = max(self.ends.get(partition, 0), record.offset + 1)

    async def give_up(self) -> None:
        """End the producer at once; what is still on its way may or may not arrive."""
        await abandon(self._producer)


def quiet_driver() -> None:
    """Keep what the driver leaves behind, when it is given up, off a person's terminal.

    The command says in a sentence that the broker is gone; the event loop would add a page about
    futures of the driver's that nobody waits for any more.
    """
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


@asynccontextmanager
async def open_teller(bootstrap: str, *, client_id: str = "jifen-demo") -> AsyncIterator[Teller]:
    """Open a teller; at the end all it was given is in Kafka, or ReplayError was raised."""
    patience_ms = round(PATIENCE_SECONDS * 1_000)  # a broker that restarts is back sooner
    settings = KafkaSettings(bootstrap=bootstrap, request_timeout_ms=patience_ms)
    producer = create_producer(settings, client_id=client_id)
    teller = Teller(producer)
    try:
        await producer.start()
        yield teller
        await teller.arrived()
    except BaseException:
        await teller.give_up()
        raise
    await producer.stop()


async def _bounded(work: Awaitable[T]) -> T:
    try:
        return await asyncio.wait_for(work, PATIENCE_SECONDS)
    except (TimeoutError, KafkaError) as error:
        raise ReplayError(
            f"Kafka takes no events, not in {PATIENCE_SECONDS:.0f} s ({type(error).__name__}): see "
            "`jifen status`. What arrived counts; telling all of it again adds nothing twice"
        ) from error
