"""Two-line orders of many members, as records ready to send; the same for the same seed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from confluent_kafka import Producer

from tests.support.model import encode

MEMBERS = 20_000
START = datetime(2026, 1, 1, tzinfo=UTC)

Raw = tuple[bytes, bytes, list[tuple[str, bytes]]]
"""Key, value and headers of one record."""


def orders(events: int, *, seed: int = 1, members: int = MEMBERS, of: str = "m") -> Iterator[Raw]:
    """Make so many orders of members whose ids begin with `of`; order ids carry the seed."""
    random = Random(seed)  # noqa: S311
    for number in range(events):
        paid_at = START + timedelta(seconds=random.randrange(86_400 * 200))
        yield order(f"o{seed}-{number}", f"{of}{random.randrange(members)}", paid_at, random)


def order(order_id: str, member_id: str, paid_at: datetime, random: Random) -> Raw:
    lines = [
        {
            "line_id": str(line),
            "sku": f"sku-{random.randrange(5_000)}",
            "quantity": 1 + random.randrange(9),
            "paid_minor": 100 + random.randrange(50_000),
        }
        for line in (1, 2)
    ]
    data = {
        "order_id": order_id,
        "member_id": member_id,
        "paid_at": paid_at.isoformat(),
        "currency": "CNY",
        "lines": lines,
    }
    return encode("order.paid.v1", data, order_id)


def produce(bootstrap: str, records: Iterator[Raw]) -> int:
    """Send to orders.v1 with librdkafka; return how many."""
    settings = {"linger.ms": 20, "queue.buffering.max.messages": 2_000_000}
    producer = Producer({"bootstrap.servers": bootstrap, **settings})
    sent = 0
    for key, value, headers in records:
        while True:
            try:
                producer.produce("orders.v1", value, key, headers=dict(headers))
                break
            except BufferError:
                producer.poll(0.1)
        sent += 1
    assert producer.flush(300) == 0
    return sent
