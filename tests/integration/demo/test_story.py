"""The whole demonstration on real servers, twice; and that it notices what is wrong."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from prometheus_client import CollectorRegistry
from rich.console import Console

from jifen.client.asked import Asked, SilentError
from jifen.client.mall import Mall
from jifen.demo.errors import ReplayError
from jifen.demo.meter import Meter
from jifen.demo.page import Page
from jifen.demo.story import Story
from jifen.demo.telling import Place
from services.mall.app import make_app
from services.mall.store import MallStore
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.settings import DatabaseSettings
from tests.support.databases import Database
from tests.support.tokens import bearer, verifier

pytestmark = pytest.mark.integration


@pytest.fixture
async def mall(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a mall over the test's database."""
    settings = DatabaseSettings.model_validate({"url": database.dsn("jifen_mall")})
    metrics = Metrics(CollectorRegistry(), "mall")
    async with create_pool(settings, application_name="jifen-mall", max_size=2) as pool:
        app = make_app(MallStore(pool, metrics), Readiness({}), metrics, verifier())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://mall", headers=bearer("service")
        ) as client:
            yield client


@pytest.fixture
def story(place: Place, mall: httpx.AsyncClient, meter: Meter, console: Console) -> Story:
    return Story(place=place, mall=Mall(Asked("mall", mall)), meter=meter, page=Page(console))


async def test_it_agrees_and_a_second_run_says_what_is_a_repeat(
    story: Story, console: Console
) -> None:
    await story.tell()
    first = console.export_text()
    assert "Nothing changed" in first
    assert "a repeat" not in first
    assert first.count("agrees") == 7
    assert "check-in, day 4 of a streak" in first
    await story.tell()
    second = console.export_text()
    assert second.count("a repeat") == 3
    assert second.count("agrees") == 7


async def test_points_out_of_nowhere_are_noticed(story: Story, database: Database) -> None:
    await story.tell()
    owner = await asyncpg.connect(database.dsn())
    await owner.execute(
        "UPDATE ledger.account SET balance = balance + 1, earned = earned + 1"
        " WHERE member_id = 'demo-12748'"
    )
    await owner.close()
    with pytest.raises(ReplayError, match=r"balances.*lots.*differ.*audit"):
        await story.tell()


async def test_a_mall_that_does_not_answer_is_named() -> None:
    def refuses(_: httpx.Request) -> httpx.Response:
        return httpx.Response(502)

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(refuses), base_url="http://mall"
    ) as client:
        with pytest.raises(SilentError, match="mall does not answer as it should"):
            await Mall(Asked("mall", client)).account("ann")
