"""A broker that is there and answers nothing: telling ends with a sentence, and leaves nothing."""

import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from jifen.demo import events, tell
from jifen.demo.errors import ReplayError
from jifen.demo.tell import open_teller
from tests.support.brokers import KafkaHandle
from tests.support.stack import EmbeddedKafka, Home, stoppable_kafka

pytestmark = pytest.mark.integration

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
async def broker(home: Home) -> AsyncIterator[EmbeddedKafka]:
    async with stoppable_kafka(home.folder / "deaf-kafka") as broker:
        await KafkaHandle(bootstrap=broker.config.bootstrap).fresh_topics("check-ins.v1")
        yield broker


async def tell_until_it_is_deaf(broker: EmbeddedKafka) -> None:
    async with open_teller(broker.config.bootstrap) as teller:
        for day in range(5_000):
            if day == 10:
                await teller.arrived()
                broker.server.send(signal.SIGSTOP)
            await teller.tell(events.checked_in("ann", NOON - timedelta(days=day)))


async def test_telling_to_a_deaf_broker_ends(
    broker: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell, "PATIENCE_SECONDS", 1.0)
    with pytest.raises(ReplayError, match="Kafka takes no events"):
        await tell_until_it_is_deaf(broker)
