"""Good events among everything a topic may hold: all land, and each bad one says why it did not."""

import asyncio
import base64
import json
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from services.earn.handlers import GROUP
from shared.contract.topics import dead_letter_topic
from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books, send, world_of
from tests.integration.consuming.strange import Strange, bad_records, good, send_batch
from tests.integration.earn.desk import standings
from tests.integration.relay.outbox import records_of
from tests.support.model import stories

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

GOOD = 10_000
_DEAD = """
SELECT topic, partition, record_offset, reason, detail, key, value, headers
FROM messaging.dead_letter WHERE NOT isolated ORDER BY topic, partition, record_offset
"""


def order(number: int, member: str = "m-by-hand") -> dict[str, Any]:
    """One good order, worth 10 points."""
    return {
        "order_id": f"by-hand-{number}",
        "member_id": member,
        "paid_at": "2026-10-01T10:00:00Z",
        "currency": "CNY",
        "lines": [{"line_id": "1", "sku": "mug", "quantity": 1, "paid_minor": 1_000}],
    }


def kept(headers: str) -> list[tuple[str, bytes | None]]:
    """Read a dead letter's headers as they were."""
    return [
        (name, None if text is None else base64.b64decode(text))
        for name, text in json.loads(headers)
    ]


async def test_bad_records_are_refused_one_by_one_and_good_ones_land(
    books: Books, place: Place
) -> None:
    told = [
        one
        for one in stories(81, members=300, events=GOOD, contested=False)
        if one[1].get("paid_at", "2") > "2"
    ]
    first = good(order(0))
    bad = bad_records(order(0))
    fine = [good(order(number)) for number in range(1, len(bad) + 1)]
    sent = [record for pair in zip(bad, fine, strict=True) for record in pair]
    async with place.service("relay"), place.service("earn") as earn:
        await asyncio.to_thread(send, books.bootstrap, told[: GOOD // 2])
        small = [first, *[one for one in sent if len(one.value or b"") < 1_000_000]]
        large = [one for one in sent if len(one.value or b"") >= 1_000_000]
        base = await send_batch(books.bootstrap, "orders.v1", 3, small)
        await send_batch(books.bootstrap, "orders.v1", 5, large)
        await asyncio.to_thread(send, books.bootstrap, told[GOOD // 2 :], first=GOOD)
        await books.until_done()
        assert earn.running
        assert earn.count("partitions assigned") == 1
        assert earn.count("record isolated as a dead letter") == 0
        await earn.until_ready()
    by_hand = [("order.paid.v1", order(number)) for number in range(len(fine) + 1)]
    await check_dead(books, base, small, large)
    await books.check(world_of([*told, *by_hand]), dead_letters=False)
    letters = await records_of(books.bootstrap, dead_letter_topic("orders.v1", GROUP))
    reasons = [dict(letter.headers)["jifen-dlq-reason"] for letter in letters]
    assert len(letters) == len(await books.fetch(_DEAD))
    assert b"too-large" in reasons


async def check_dead(books: Books, base: int, small: list[Strange], large: list[Strange]) -> None:
    """Each bad record is one dead letter, under its own coordinates, with its own bytes."""
    rows = await books.fetch(_DEAD)
    found = {(row["partition"], row["record_offset"]): row for row in rows}
    places = {(3, base + at): one for at, one in enumerate(small)}
    places |= {(5, row["record_offset"]): large[0] for row in rows if row["reason"] == "too-large"}
    wanted = {at: one for at, one in places.items() if one.reason is not None}
    assert len(wanted) == sum(one.reason is not None for one in (*small, *large))
    for at, one in wanted.items():
        row = found.get(at)
        assert row is not None, f"no dead letter for {one.name}"
        assert (row["reason"], one.words in row["detail"]) == (one.reason, True), (
            f"{one.name}: {row['reason']}: {row['detail']}"
        )
        assert row["detail"].strip(), one.name
        assert row["value"] == one.value, one.name
        assert row["key"] == b"k"
        if one.reason != "unreadable-record":
            assert kept(row["headers"]) == list(one.headers), one.name


async def test_a_header_nobody_needs_spoils_no_event(books: Books, place: Place) -> None:
    odd = [
        good(order(1), ("x-shop", b"\xff\xfe")),
        good(order(2), ("x-shop", None)),
        good(order(3), ("traceparent", b"\xff")),
        good(order(4), ("ce_time", b"soon"), ("ce_subject", None)),
        good(order(5), ("", b"")),
        good(order(6), ("名", "值".encode())),
        good(order(7), *[(f"x-{number}", b"1") for number in range(1_000)]),
    ]
    async with place.service("relay"), place.service("earn"):
        await send_batch(books.bootstrap, "orders.v1", 0, odd)
        await books.until_done()
    assert await books.fetch(_DEAD) == []
    balance, _ = (await standings(books.database))["m-by-hand"]
    assert balance == 10 * len(odd)


@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
async def test_a_bad_header_name_in_a_batch_costs_only_its_record(
    books: Books, place: Place, codec: str | None
) -> None:
    """The client decodes names inside its poll, batch by batch, and raises."""
    spoiled = [good(order(number)) for number in range(301)]
    (odd,) = [one for one in bad_records(order(150)) if one.name == "name no UTF-8"]
    spoiled[150] = odd
    told = stories(82, members=30, events=600, contested=False)
    async with place.service("relay"), place.service("earn") as earn:
        await asyncio.to_thread(send, books.bootstrap, told)
        base = await send_batch(books.bootstrap, "orders.v1", 2, spoiled, codec=codec)
        await books.until_done()
        assert earn.count("partitions assigned") == 1
    rows = [row for row in await books.fetch(_DEAD) if row["reason"] == "unreadable-record"]
    assert [(row["partition"], row["record_offset"]) for row in rows] == [(2, base + 150)]
    assert "expected header names in UTF-8, got n\\xfdme" in rows[0]["detail"]
    assert rows[0]["value"] == odd.value
    by_hand = [("order.paid.v1", order(number)) for number in range(301) if number != 150]
    await books.check(world_of([*told, *by_hand]), dead_letters=False)


async def tell_in_transactions(bootstrap: str, transactions: int) -> None:
    """Send five orders per transaction; every third transaction is taken back."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="shop")
    await producer.start()
    try:
        for number in range(transactions):
            await producer.begin_transaction()
            for part in range(5):
                record = good(order(number * 5 + part))
                sent = await producer.send(
                    "orders.v1", record.value, b"k", 1, headers=list(record.headers)
                )
                await sent
            if number % 3:
                await producer.commit_transaction()
            else:
                await producer.abort_transaction()
    finally:
        await producer.stop()


async def test_what_a_transaction_took_back_never_happened(books: Books, place: Place) -> None:
    """Marks of transactions leave gaps in the offsets, which lose nothing."""
    async with place.service("relay"), place.service("earn") as earn:
        await earn.until_logged("partitions assigned")
        await tell_in_transactions(books.bootstrap, 12)
        await send_batch(books.bootstrap, "orders.v1", 1, [good(order(1_000))])
        await books.until_done()
        assert earn.running
        assert earn.count("partitions assigned") == 1
    causes = await books.fetch("SELECT cause FROM ledger.entry")
    wanted = [number for number in range(60) if number // 5 % 3] + [1_000]
    assert {row["cause"] for row in causes} == {f"order/by-hand-{n}/paid" for n in wanted}
    assert await books.fetch(_DEAD) == []
