"""A batch that rotted on the broker's disk: its records are named, and reading goes on."""

from pathlib import Path

import pytest

from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books, world_of
from tests.integration.consuming.strange import good, send_batch
from tests.integration.consuming.test_bad_input import order
from tests.support.backend import Backend
from tests.support.stack import Home

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

_DEAD = """
SELECT partition, record_offset, reason, detail FROM messaging.dead_letter ORDER BY record_offset
"""


def rot(log: Path, base_offset: int) -> None:
    """Flip a bit in the batch that begins at an offset; its checksum is wrong from then on."""
    data = log.read_bytes()
    start = 0
    while int.from_bytes(data[start : start + 8]) != base_offset:
        start += 12 + int.from_bytes(data[start + 8 : start + 12])
    with log.open("r+b") as file:
        file.seek(start + 80)
        file.write(bytes([data[start + 80] ^ 1]))


@pytest.mark.parametrize("codec", [None, "lz4"])
async def test_a_rotten_batch_costs_its_own_records(
    books: Books, place: Place, backend: Backend, home: Home, codec: str | None
) -> None:
    if backend.backend != "embedded":
        pytest.skip("needs the broker's disk")
    orders = [order(number) for number in range(120)]
    for first, last in ((0, 50), (50, 70), (70, 120)):
        records = [good(one) for one in orders[first:last]]
        base = await send_batch(books.bootstrap, "orders.v1", 4, records, codec=codec)
        assert base == first
    rot(home.folder / "kafka" / "data" / "orders.v1-4" / f"{0:020}.log", 50)
    async with place.service("relay"), place.service("earn") as earn:
        await books.until_done()
        assert earn.count("partitions assigned") == 1
        await earn.until_ready()
    rows = await books.fetch(_DEAD)
    assert [(row["partition"], row["record_offset"]) for row in rows] == [
        (4, offset) for offset in range(50, 70)
    ]
    assert {row["reason"] for row in rows} == {"unreadable-record"}
    assert all("Invalid CRC" in row["detail"] for row in rows)
    landed = [("order.paid.v1", one) for one in (*orders[:50], *orders[70:])]
    await books.check(world_of(landed), dead_letters=False)
