"""Earn reading a real Kafka: what librdkafka sends lands once, and a restart goes on."""

import asyncio

import pytest

from tests.integration.consuming.shop import open_books, send, world_of
from tests.integration.earn.desk import expected, standings
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.earning import earning
from tests.support.model import stories

pytestmark = pytest.mark.integration


async def test_what_librdkafka_sends_lands_once(database: Database, kafka: KafkaHandle) -> None:
    books = await open_books(database, kafka)
    # Topics give no order among each other, so no refund may be told for a bonus meanwhile.
    told = [
        one
        for one in stories(21, members=15, events=600, contested=False)
        if one[0] != "share.ordered.v1"
    ]
    async with earning(database, kafka):
        await asyncio.to_thread(send, books.bootstrap, told[:400])
        await books.until_read(400)
    await asyncio.to_thread(send, books.bootstrap, told[400:], first=400)
    async with earning(database, kafka):
        await books.until_read(len(told))
    assert await standings(database) == expected(world_of(told))
