"""The shop beside a running Jifen."""

from collections.abc import AsyncIterator

import httpx
import pytest
from jifen.testing import JifenStack

from order_system.app import make_app

pytest_plugins = ["jifen.testing.fixtures"]


@pytest.fixture
async def shop(jifen_stack: JifenStack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the shop, which publishes to that Jifen's Kafka."""
    app = make_app(jifen_stack.bootstrap)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop") as client,
    ):
        yield client
