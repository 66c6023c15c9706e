"""A client that is cancelled while it starts leaves no connection behind."""

import asyncio
import contextlib
import gc

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.platform.kafka import start_whole
from tests.support.brokers import KafkaHandle

pytestmark = pytest.mark.integration


async def test_no_moment_to_cancel_leaves_a_connection_open(kafka: KafkaHandle) -> None:
    for step in range(60):
        client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        starting = asyncio.create_task(start_whole(client.start()))
        await asyncio.sleep(step * 0.000_2)
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        await client.close()
    # Finds what was left open, and fails the run as a warning.
    gc.collect()
