"""A braked consumer does not hold up its group when partitions are shared out anew."""

import asyncio

import httpx
import pytest

from services.earn.handlers import GROUP
from shared.pipeline.operator import release_brake
from shared.pipeline.store import trip_brake
from tests.integration.consuming.crew import Place, Service
from tests.integration.consuming.shop import Books, send
from tests.integration.pipeline.desk import rows
from tests.support.databases import owner_of
from tests.support.tellings import paid

pytestmark = pytest.mark.integration


async def until_braked(earn: Service) -> None:
    async with httpx.AsyncClient() as client:
        while "brake" not in (await client.get(f"{earn.url}/readyz")).text:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_batch_that_waits_for_the_release_goes_back_at_once(
    books: Books, place: Place
) -> None:
    async with owner_of(books.database) as owner:
        await trip_brake(owner, GROUP, "a bug")
    send(books.bootstrap, [paid(f"o{n}", f"m{n}") for n in range(50)])
    async with place.service("earn") as earn:
        await earn.until_logged("started")
        await until_braked(earn)
        async with place.service("earn") as joining:
            # Well before the patience that a batch at work is given.
            await earn.until_logged(
                "batch in flight cancelled, its partitions went elsewhere", patience_seconds=15
            )
            await joining.until_logged("partitions assigned")
            await until_braked(joining)
            async with owner_of(books.database) as owner:
                assert await release_brake(owner, GROUP, by="ann")
            await books.until_done(relayed=False)
            await asyncio.gather(earn.until_ready(), joining.until_ready())
    assert len(await rows(books.database, "SELECT FROM ledger.entry")) == 50
