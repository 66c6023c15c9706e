"""Kafka's producer as this system uses it, and a check that the broker answers."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, ProducerClosed

from shared.platform.clock import monotonic
from shared.platform.settings import KafkaSettings

# Throughput is partitions x batch / round trip: the driver's 16 KiB would cap it at a quarter.
MAX_BATCH_BYTES = 256 * 1024
# As large as the largest record a topic of ours takes.
MAX_REQUEST_BYTES = 4 * 1024 * 1024

# A broker that is well has answered by then; three ends of a producer, each asked for twice.
_STEP_SECONDS = 0.5

# Probes come from several sides, several times a second in all.
_ANSWER_SECONDS = 1.0

_T = TypeVar("_T")


def create_producer(settings: KafkaSettings, *, client_id: str) -> AIOKafkaProducer:
    """Make a producer that neither loses nor reorders while it lives; start it to use it.

    Idempotent batches never expire: the driver tries for ever, and after a failed batch no later
    one of its partition succeeds. So after an error, or to give up, `abandon` it and begin again.
    """
    return AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=settings.request_timeout_ms,
    )


async def start_whole(starting: Coroutine[object, object, _T]) -> _T:
    """Await the start of a client; when cancelled, let a broker that is well finish it first.

    Cancelled in the middle, the driver forgets the connection it is opening, and nobody could
    close it any more.
    """
    task = asyncio.ensure_future(starting)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _end(task)
        raise


async def abandon(producer: AIOKafkaProducer) -> None:
    """End a producer whatever it still holds, in no time, and in seconds where the broker is deaf.

    `stop()` would first deliver what is buffered, which may take for ever, and which is wrong
    for one who has lost the right to publish.
    """
    # The driver has no public way to give up, hence its insides.
    sender = producer._sender.sender_task  # noqa: SLF001
    if sender is not None:
        sender.cancel()
        await _end(producer.client.close())
        await _end(sender)
    producer._message_accumulator.fail_all(ProducerClosed())  # noqa: SLF001
    await _end(producer.stop())


async def _end(ending: Awaitable[object]) -> None:
    """Await an end, however it comes; cancel what awaits an answer that never does."""
    task = asyncio.ensure_future(ending)
    for _ in range(2):
        await asyncio.wait({task}, timeout=_STEP_SECONDS)
        task.cancel()
    if task.done() and not task.cancelled():
        task.exception()


class BrokerCheck:
    """Asks the cluster for its metadata: a readiness check of its own connection.

    A good answer counts for a second, because the broker lists all topics in each.
    """

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._client: AIOKafkaClient | None = None
        self._answered_at = -_ANSWER_SECONDS

    async def __call__(self) -> str | None:
        """Return None when a broker answers, else what is wrong."""
        if self._client is not None and monotonic() - self._answered_at < _ANSWER_SECONDS:
            return None
        try:
            if self._client is None:
                self._client = await self._connect()
            await self._client.fetch_all_metadata()
        except KafkaError as error:
            await self.close()
            return f"{self._settings.bootstrap} does not answer: {type(error).__name__}"
        self._answered_at = monotonic()
        return None

    async def close(self) -> None:
        """Drop the connection; the next check makes another."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _connect(self) -> AIOKafkaClient:
        client = AIOKafkaClient(
            bootstrap_servers=self._settings.bootstrap,
            client_id=self._client_id,
            request_timeout_ms=self._settings.request_timeout_ms,
        )
        try:
            await client.bootstrap()
        except BaseException:
            await client.close()
            raise
        return client
