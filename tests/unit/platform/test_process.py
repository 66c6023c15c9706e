"""What runs beside a service's work ends with it, and ends it when it fails."""

import asyncio

import pytest

from shared.platform.process import beside


async def for_ever() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise ConnectionError("gone")


async def test_it_ends_with_the_block() -> None:
    async with beside(for_ever(), for_ever()) as tasks:
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
    assert all(task.cancelled() for task in tasks)


async def test_what_fails_ends_the_block_and_the_others() -> None:
    with pytest.RaisesGroup(ConnectionError):
        async with beside(for_ever(), fails()) as tasks:
            await for_ever()
    assert tasks[0].cancelled()


async def test_what_is_through_ends_nothing() -> None:
    async with beside(asyncio.sleep(0)) as (task,):
        await task
        await asyncio.sleep(0)
