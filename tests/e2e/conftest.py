"""What tests in containers ask for; where there is no engine they are skipped, with the reason."""

import asyncio

import pytest

from tests.support.images import engine, names
from tests.support.images.names import Image


@pytest.fixture(scope="session")
async def image() -> Image:
    """The image of this checkout, on the official base where that can be pulled."""
    if (why := engine.problem()) is not None:
        pytest.skip(f"no containers here: {why}")
    return await asyncio.to_thread(names.jifen)
