"""`jifen dead-letters`: seen, understood, told again as they came."""

from collections.abc import Sequence

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.earn.handlers import GROUP
from shared.contract.codec import Record
from shared.pipeline.rows import record_columns
from tests.integration.cli.conftest import Jifen
from tests.integration.earn.desk import Teller, entries, teller
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, owner_of
from tests.support.tellings import Story, paid

# Each command is a process of its own, and the machine may be busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

ORDERS = "orders.v1"
HEADERS = (("x", None), ("x", b""), ("y", b"\xff\x00"), ("", b"\xe2\x82\xac"))


def with_headers(record: Record) -> Record:
    return record._replace(headers=(*record.headers, *HEADERS))


def not_json(earn: Teller, member: str = "m1") -> Record:
    return with_headers(earn.record(*paid("o1", member))._replace(value=b"{\xff\x1b[31m"))


async def write(earn: Teller, records: Sequence[Record]) -> None:
    await earn.writer.write(records)
    await earn.writer.close()


async def read_back(kafka: KafkaHandle, count: int) -> "list[ConsumerRecord[bytes, bytes]]":
    """Read what the topic holds, which must be so many records."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    at = TopicPartition(ORDERS, 0)
    await consumer.start()
    try:
        consumer.assign([at])
        assert (await consumer.end_offsets([at]))[at] == count
        return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


async def test_none(jifen: Jifen) -> None:
    assert await jifen.prints("dead-letters", "list") == "No dead letter is open.\n"
    assert "no dead letter 7" in await jifen.complains("dead-letters", "show", "7")


async def test_list_and_show(database: Database, jifen: Jifen) -> None:
    earn = await teller(database)
    story: Story = paid("o1", "m1")
    conflict = earn.record(*paid("o1", "m1", 9_900))
    await write(earn, [earn.record(*story), conflict, not_json(earn)])

    listed = await jifen.run("dead-letters", "list")
    header, first, second = listed.stdout.splitlines()
    assert header.split() == ["ID", "AT", "GROUP", "RECORD", "REASON", "MEMBER", "DETAIL"]
    assert f"{GROUP}  orders.v1/0@2  not-json" in first
    assert "conflict" in second
    assert "2 of 2 shown; in all: 1 conflict, 1 not-json" in listed.stderr
    [only] = await jifen.prints_json("dead-letters", "list", "--reason", "conflict")
    assert (only["member_id"], only["cause"]) == ("m1", "order/o1/paid")

    shown = await jifen.prints("dead-letters", "show", str(only["id"]))
    assert "reason       conflict" in shown
    assert '"order_id": "o1"' in shown
    assert "ce_type: order.paid.v1" in shown
    assert "entry        earned +10 for m1, balance 10, entry m1/1, posted 2" in shown
    raw = await jifen.prints("dead-letters", "show", str(only["id"] + 1))
    assert "value        hex 7bff1b5b33316d" in raw
    assert "x: (none)" in raw
    assert "y: hex ff00" in raw
    assert "\x1b" not in raw
    whole = await jifen.prints_json("dead-letters", "show", str(only["id"] + 1))
    assert whole["value"] == {"base64": "e/8bWzMxbQ=="}
    assert ["x", None] in whole["headers"]


async def test_replay_sends_what_came(database: Database, kafka: KafkaHandle, jifen: Jifen) -> None:
    await kafka.fresh_topics(ORDERS, partitions=1)
    jifen = jifen.at(kafka.bootstrap)
    earn = await teller(database)
    bad = not_json(earn)
    tombstone = bad._replace(offset=1, value=None)
    bare = bad._replace(offset=2, key=None, value=None)
    await write(earn, [bad, tombstone, bare])
    ids = [one["id"] for one in await jifen.prints_json("dead-letters", "list")][::-1]

    assert await jifen.prints("dead-letters", "replay", str(ids[0])) == "1 replayed\n"
    assert "--again" in await jifen.prints("dead-letters", "replay", str(ids[0]))
    assert await jifen.prints("dead-letters", "replay", "--all") == "2 replayed\n"
    assert await jifen.prints("dead-letters", "replay", "--all") == "No dead letter is open.\n"
    assert await jifen.prints("dead-letters", "replay", "--again", str(ids[0])) == "1 replayed\n"

    came = await read_back(kafka, 4)
    for record, original in zip(came, [bad, tombstone, bare, bad], strict=True):
        assert (record.key, record.value) == (original.key, original.value)
        assert tuple(record.headers) == original.headers
    assert await jifen.prints("dead-letters", "list") == "No dead letter is open.\n"
    settled = await jifen.prints_json("dead-letters", "list", "--closed")
    assert all(one["replayed_at"] for one in settled)


async def test_a_replayed_one_is_applied_or_dies_anew(
    database: Database, kafka: KafkaHandle, jifen: Jifen
) -> None:
    await kafka.fresh_topics(ORDERS, partitions=1)
    jifen = jifen.at(kafka.bootstrap)
    earn = await teller(database)
    good = earn.record(*paid("o2", "m2"))
    await earn.writer.write([not_json(earn)])
    async with owner_of(database) as owner:
        # As if a bug that is mended by now had isolated it.
        await owner.execute(
            "INSERT INTO messaging.dead_letter (group_name, topic, partition, record_offset,"
            " record_timestamp_ms, reason, detail, key, value, headers, isolated)"
            " SELECT group_name, topic, partition, 77, 0, 'poison', '', $1, $2, $3, true"
            " FROM messaging.dead_letter",
            good.key,
            good.value,
            orjson.dumps(record_columns(good)["headers"]),
        )
    assert await jifen.prints("dead-letters", "replay", "--all") == "2 replayed\n"
    for record in await read_back(kafka, 2):
        again = Record(
            topic=ORDERS,
            partition=0,
            offset=earn.next_offset,
            timestamp_ms=record.timestamp,
            key=record.key,
            value=record.value,
            headers=tuple(record.headers),
        )
        earn.next_offset += 1
        await earn.writer.write([again])
    await earn.writer.close()
    assert [line[0] for line in (await entries(database))["m2"]] == ["order/o2/paid"]
    [new] = await jifen.prints_json("dead-letters", "list")
    assert new["reason"] == "not-json"
    assert new["offset"] != 0


async def test_what_was_never_read_cannot_be_told_again(
    database: Database, kafka: KafkaHandle, jifen: Jifen
) -> None:
    jifen = jifen.at(kafka.bootstrap)
    async with owner_of(database) as owner:
        letter = await owner.fetchval(
            "INSERT INTO messaging.dead_letter (group_name, topic, partition, record_offset,"
            " record_timestamp_ms, reason, detail, headers)"
            " VALUES ($1, 'orders.v1', 0, 5, -1, 'unreadable-record', 'expected …', '[]')"
            " RETURNING id",
            GROUP,
        )
    assert "it can't be replayed" in await jifen.prints("dead-letters", "show", str(letter))
    said = await jifen.complains("dead-letters", "replay", str(letter))
    assert f"{letter} can't be replayed: its bytes could not be read" in said
    assert await jifen.prints("dead-letters", "replay", "--all") == "No dead letter is open.\n"
    assert "dismissed" in await jifen.prints("dead-letters", "dismiss", str(letter), "--by", "ann")
    assert await jifen.prints("dead-letters", "list") == "No dead letter is open.\n"
    shown = await jifen.prints("dead-letters", "show", str(letter))
    assert "by ann" in shown


async def test_a_broker_that_is_gone(database: Database, jifen: Jifen) -> None:
    earn = await teller(database)
    await write(earn, [not_json(earn)])
    said = await jifen.complains("dead-letters", "replay", "--all")
    assert said.count("\n") == 1
    assert "Kafka does not answer" in said
    assert len(await jifen.prints_json("dead-letters", "list")) == 1
