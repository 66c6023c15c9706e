"""Records understood ahead: each once, in order, however far that has come."""

import asyncio

import pytest

from shared.contract.codec import Record
from shared.pipeline.ahead import STEP, Ahead
from shared.pipeline.command import Item, Refused

COUNT = 3 * STEP


def record(offset: int) -> Record:
    return Record("orders.v1", 0, offset, 0, None, b"{}", ())


class Understanding:
    """Understands any record, and remembers which it was asked."""

    def __init__(self) -> None:
        self.offsets: list[int] = []

    def __call__(self, one: Record) -> Item:
        self.offsets.append(one.offset)
        return Refused(reason="understood", detail="", record=one)


@pytest.mark.parametrize("turns", [0, 1, 2, 9])
async def test_records_come_in_order_however_far_ahead_it_is(turns: int) -> None:
    understand = Understanding()
    given = Refused(reason="unreadable-record", detail="", record=record(1))
    records = [given if n == 1 else record(n) for n in range(COUNT)]
    ahead = Ahead(records, understand)
    task = asyncio.create_task(ahead.run(COUNT))
    for _ in range(turns):
        await asyncio.sleep(0)
    items = ahead.take(0, 5)
    assert len(understand.offsets) == max(4, min(turns * STEP, COUNT) - bool(turns))
    await task
    items += ahead.take(5, COUNT)
    assert [one.record for one in items] == [record(n) for n in range(COUNT)]
    assert items[1] is given
    assert understand.offsets == [n for n in range(COUNT) if n != 1]
    assert ahead.take(COUNT, 5) == []


async def test_it_goes_no_further_than_it_is_told() -> None:
    understand = Understanding()
    ahead = Ahead([record(n) for n in range(COUNT)], understand)
    await ahead.run(STEP + 1)
    assert len(understand.offsets) == 2 * STEP
    await ahead.run(10 * COUNT)
    assert understand.offsets == list(range(COUNT))
