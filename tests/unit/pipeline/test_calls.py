"""A small batch of calls waits for more of them, and begins when they are enough."""

import asyncio
from datetime import UTC, datetime

from shared.contract.check_ins import CheckInMade
from shared.contract.codec import Event
from shared.ledger.entries import Cause, MemberId
from shared.pipeline.calls import Calls
from shared.pipeline.command import Command
from shared.platform.clock import monotonic

DATA = CheckInMade(member_id="ann", made_at=datetime(2026, 1, 1, tzinfo=UTC))
EVENT = Event(id="1", source="/shop", data=DATA, time=None)
COMMAND = Command(Cause("check-in/1"), MemberId("ann"), b"", EVENT, None)


def asking(calls: Calls, count: int) -> list["asyncio.Task[object]"]:
    return [asyncio.create_task(calls.ask(COMMAND, patience_seconds=60)) for _ in range(count)]


async def forget(tasks: list["asyncio.Task[object]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_enough_calls_end_the_wait_for_more() -> None:
    calls = Calls(most=10)
    gathering = asyncio.create_task(calls.gather(3, seconds=60))
    tasks = asking(calls, 2)
    await asyncio.sleep(0.01)
    assert not gathering.done()
    tasks += asking(calls, 1)
    await asyncio.wait_for(gathering, 5)
    assert len(calls.take(10)) == 3
    await forget(tasks)


async def test_few_calls_wait_for_more_no_longer_than_they_were_told() -> None:
    calls = Calls(most=10)
    tasks, started = asking(calls, 2), monotonic()
    await calls.gather(3, seconds=0.05)
    assert monotonic() - started >= 0.05
    assert len(calls.take(10)) == 2
    await forget(tasks)


async def test_without_a_rest_nobody_waits() -> None:
    await asyncio.wait_for(Calls(most=10).gather(3, seconds=0), 5)
