"""What arrives in Kafka, and in which order."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from services.relay.leader import Relay
from shared.platform.clock import monotonic
from shared.platform.metrics import Metrics
from tests.integration.relay.outbox import (
    Place,
    append,
    append_dead_letter,
    create_limited_topic,
    first_tellings,
    records_of,
    remaining,
    until_empty,
    until_fewer,
)
from tests.support.brokers import KafkaHandle

pytestmark = pytest.mark.integration


@asynccontextmanager
async def running(place: Place, **settings: object) -> AsyncIterator[CollectorRegistry]:
    registry = CollectorRegistry()
    relay = Relay(place.settings(**settings), Metrics(registry, "relay"))
    task = asyncio.create_task(relay.run())
    try:
        yield registry
    finally:
        relay.stop()
        await asyncio.wait_for(task, 15)


def published(registry: CollectorRegistry, topic: str, outcome: str) -> float:
    labels = {"service": "relay", "topic": topic, "outcome": outcome}
    return registry.get_sample_value("points_outbox_published_total", labels) or 0.0


async def test_an_event_arrives_as_a_cloud_event_keyed_by_its_member(place: Place) -> None:
    async with place.connected() as connection, running(place):
        await append(connection, place.topic, ["m1"], [7])
        await until_empty(place)
        created_at = await connection.fetchval("SELECT clock_timestamp()")
    (record,) = await records_of(place.bootstrap, place.topic)
    headers = dict(record.headers)
    time = headers.pop("ce_time")
    assert record.key == b"m1"
    assert record.value is not None
    assert json.loads(record.value)["seq"] == 7
    assert time is not None
    assert time.decode().endswith("+00:00")
    assert time.decode() < created_at.isoformat()
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": b"m1/7",
        "ce_source": b"/jifen",
        "ce_type": b"points.earned.v1",
        "ce_partitionkey": b"m1",
        "content-type": b"application/json",
        "traceparent": b"00-00000000000000000000000000000007-00f067aa0ba902b7-01",
    }


async def test_each_members_events_keep_their_order_while_writers_go_on(place: Place) -> None:
    members = [f"m{number}" for number in range(40)]

    async def write(mine: list[str]) -> None:
        async with place.connected() as connection:
            for number in range(50):
                await append(connection, place.topic, mine, [number] * len(mine))

    async with running(place, relay_page_rows=64) as registry:
        await asyncio.gather(*(write(members[start::4]) for start in range(4)))
        await until_empty(place)
    told = first_tellings(await records_of(place.bootstrap, place.topic))
    assert told == {member: list(range(50)) for member in members}
    assert published(registry, place.topic, "published") == 2_000


async def test_an_id_that_commits_late_is_not_lost(place: Place) -> None:
    async with (
        place.connected() as early,
        place.connected() as later,
        running(place),
    ):
        async with early.transaction():
            await append(early, place.topic, ["slow"], [1])
            for number in range(20):
                await append(later, place.topic, ["quick"], [number])
                # Long enough for floors to be noted and used while the early id is open.
                await asyncio.sleep(0.15)
        await until_empty(place)
    told = first_tellings(await records_of(place.bootstrap, place.topic))
    assert told == {"slow": [1], "quick": list(range(20))}


async def test_a_dead_letter_is_published_with_its_original_bytes(
    place: Place, kafka: KafkaHandle
) -> None:
    dlq = f"{place.topic}.points-earn.dlq"
    await kafka.create_topics(dlq)
    async with place.connected() as connection, running(place):
        await append_dead_letter(connection, place.topic, 5, value=b"\xff not json", key=b"\x00k")
        await append_dead_letter(connection, place.topic, 6, value=None, key=None)
        await append_dead_letter(connection, place.topic, 7, value=b"v" * 2_000_000, key=b"big")
        await until_empty(place)
    whole, tombstone, large = await records_of(place.bootstrap, dlq)
    headers: dict[str, bytes | None] = dict(whole.headers)
    assert (whole.key, whole.value) == (b"\x00k", b"\xff not json")
    assert headers["ce_id"] == b"\xfe"
    assert headers["no-value"] is None
    assert headers["jifen-dlq-reason"] == b"not-json"
    assert headers["jifen-dlq-topic"] == place.topic.encode()
    assert headers["jifen-dlq-partition"] == b"3"
    assert headers["jifen-dlq-offset"] == b"5"
    assert headers["jifen-dlq-group"] == b"points-earn"
    assert headers["jifen-dlq-at"] == b"2026-01-02T03:04:05+00:00"
    assert tombstone.key is None
    assert tombstone.value == b""
    assert large.key is None
    assert large.value == b""
    assert dict(large.headers)["jifen-dlq-omitted"] == b"key value headers"
    assert dict(large.headers)["jifen-dlq-offset"] == b"7"


async def test_a_missing_dead_letter_topic_does_not_hold_up_events(place: Place) -> None:
    kafka = place.settings().kafka.model_copy(update={"request_timeout_ms": 500})
    async with place.connected() as connection, running(place, kafka=kafka) as registry:
        await append_dead_letter(connection, place.topic, 1, value=b"{}", key=b"k")
        await append(connection, place.topic, ["m1"], [1])
        await until_empty(place)
        assert await connection.fetchval("SELECT count(*) FROM messaging.dead_letter") == 1
    assert len(await records_of(place.bootstrap, place.topic)) == 1
    assert published(registry, "dead-letters", "unpublishable") == 1


async def test_a_missing_dead_letter_topic_drops_no_copies_but_its_own_and_costs_one_time_out(
    place: Place, kafka: KafkaHandle
) -> None:
    dlq, gone = f"{place.topic}.points-earn.dlq", kafka.unique("gone")
    await kafka.create_topics(dlq)
    settings = place.settings().kafka.model_copy(update={"request_timeout_ms": 2_000})
    async with place.connected() as connection:
        for offset in range(48):
            topic = gone if offset % 2 else place.topic
            await append_dead_letter(connection, topic, offset, value=b"{}", key=b"k")
        began = monotonic()
        async with running(place, kafka=settings) as registry:
            await until_empty(place)
        assert monotonic() - began < 9.0, "six chunks of letters waited two seconds each"
    assert len(await records_of(place.bootstrap, dlq)) == 24
    assert published(registry, "dead-letters", "unpublishable") == 24


async def test_a_row_that_kafka_refuses_is_set_aside_and_the_rest_go_on(
    place: Place, kafka: KafkaHandle
) -> None:
    small = kafka.unique("small")
    await create_limited_topic(place.bootstrap, small, max_message_bytes=2_000)
    async with place.connected() as connection:
        await append(connection, small, ["m1"] * 9, range(9))
        await connection.execute(
            "UPDATE messaging.outbox SET payload = repeat('x', 5000) WHERE event_id = 'm1/4'"
        )
        await append(connection, "no such topic!", ["m2"], [0])
        await append(connection, small, ["m3"], [0])
        async with running(place) as registry:
            await until_empty(place)
        letters = await connection.fetch(
            "SELECT * FROM messaging.dead_letter ORDER BY record_offset"
        )
    told = first_tellings(await records_of(place.bootstrap, small))
    assert told == {"m1": [0, 1, 2, 3, 5, 6, 7, 8], "m3": [0]}
    assert [(row["reason"], row["topic"]) for row in letters] == [
        ("unpublishable", small),
        ("unpublishable", "no such topic!"),
    ]
    assert letters[0]["group_name"] == "points-relay"
    assert letters[0]["value"] == b"x" * 5_000
    assert ["ce_id", "bTEvNA=="] in json.loads(letters[0]["headers"])
    assert published(registry, small, "unpublishable") == 1


async def test_the_page_in_flight_is_finished_on_stop(place: Place) -> None:
    async with place.connected() as connection:
        await append(connection, place.topic, ["m1"] * 2_000, range(2_000))
    async with running(place, relay_page_rows=500):
        await until_fewer(place, 2_000)
    records = await records_of(place.bootstrap, place.topic)
    assert len(records) == 2_000 - await remaining(place)
