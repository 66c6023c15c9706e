"""Whether the broker answers: a good answer counts for a second, a bad one for no time."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from shared.platform.kafka import BrokerCheck
from shared.platform.settings import KafkaSettings
from tests.support.stack import EmbeddedKafka, Home, stoppable_kafka

pytestmark = pytest.mark.integration


@pytest.fixture
async def broker(home: Home) -> AsyncIterator[EmbeddedKafka]:
    async with stoppable_kafka(home.folder / "checked-kafka") as broker:
        yield broker


async def test_it_tells_within_a_second_of_a_broker_that_went_deaf_and_came_back(
    broker: EmbeddedKafka,
) -> None:
    settings = KafkaSettings(bootstrap=broker.config.bootstrap, request_timeout_ms=500)
    check = BrokerCheck(settings, client_id="test")
    try:
        assert await check() is None
        broker.server.send(signal.SIGSTOP)
        assert await check() is None, "the answer of just now counts"
        await asyncio.sleep(1.0)
        expected = f"{settings.bootstrap} does not answer: "
        assert (await check() or "").startswith(expected)
        assert (await check() or "").startswith(expected), "an older good answer counts no more"
        broker.server.send(signal.SIGCONT)
        assert await check() is None
    finally:
        await check.close()
