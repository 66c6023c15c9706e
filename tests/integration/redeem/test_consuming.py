"""Redeem reading a real Kafka: a mug from the request to the door, told by librdkafka."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from services.redeem.app import make_policy, make_runner
from services.redeem.handlers import TOPICS
from services.redeem.settings import RedeemSettings
from shared.platform.metrics import Metrics
from shared.platform.settings import KafkaSettings
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import (
    entries,
    give_points,
    of_today,
    rows,
    settings_of,
    stock_adds_up,
)
from tests.integration.redeem.doors import send
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward, Rules
from tests.support.model.errands import about, request
from tests.support.tokens import SETTINGS

pytestmark = pytest.mark.integration

MUG = Reward(id="mug", points=100, stock=2)


@asynccontextmanager
async def redeeming(database: Database, kafka: KafkaHandle) -> AsyncIterator[None]:
    """Run redeem's consumption inside the test."""
    settings = RedeemSettings(
        database=settings_of(database),
        kafka=KafkaSettings(bootstrap=kafka.bootstrap),
        auth=SETTINGS,
    )
    metrics = Metrics(CollectorRegistry(), "redeem")
    runner = make_runner(settings, metrics, make_policy(settings))
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def statuses(database: Database, count: int) -> list[tuple[str, str, int]]:
    """Wait for so many events of redemptions; return them by redemption and version."""
    while True:
        found = await rows(
            database,
            "SELECT * FROM messaging.outbox WHERE aggregatetype = 'redemption-events.v1'",
        )
        if len(found) >= count:
            break
        await asyncio.sleep(0.05)
    told = [(row["type"].split(".")[1], json.loads(row["payload"])) for row in found]
    return sorted(
        [(data["redemption_id"], status, data["version"]) for status, data in told],
        key=lambda one: (one[0], one[2]),
    )


async def test_a_journey_through_kafka(database: Database, kafka: KafkaHandle) -> None:
    await kafka.fresh_topics(*TOPICS)
    today = Rules().day(now())
    await give_points(database, [MUG], {name: of_today(today, 60) for name in ("ann", "bob")})
    at = now()
    async with redeeming(database, kafka):
        # The parcel is told of before anybody asked: topics have no order among each other.
        send(kafka, [about("shipment.sent.v1", "ann", "r1", at, carrier="sf", tracking_no="SF1")])
        send(kafka, [request("ann", "r1", at), request("bob", "r2", at, quantity=2)])
        assert await statuses(database, 2) == [("r1", "reserved", 1), ("r2", "rejected", 1)]
        send(kafka, [about("redemption.confirmed.v1", "ann", "r1", at), request("ann", "r1", at)])
        assert len(await statuses(database, 4)) == 4
    send(kafka, [about("shipment.delivered.v1", "ann", "r1", at)])
    send(kafka, [request("bob", "r3", at), about("redemption.cancelled.v1", "bob", "r3", at)])
    async with redeeming(database, kafka):
        assert await statuses(database, 7) == [
            ("r1", "reserved", 1),
            ("r1", "to-ship", 2),
            ("r1", "shipped", 3),
            ("r1", "completed", 4),
            ("r2", "rejected", 1),
            ("r3", "reserved", 1),
            ("r3", "cancelled", 2),
        ]
    assert (await entries(database))["bob"][1:] == [
        ("redemption/r3/reserve", "redeemed", -100, 80),
        ("redemption/r3/return", "returned", 100, 180),
    ]
    (parcel,) = await rows(database, "SELECT * FROM redeem.redemption WHERE member_id = 'ann'")
    assert (parcel["carrier"], parcel["tracking_no"]) == ("sf", "SF1")
    assert await stock_adds_up(database)
