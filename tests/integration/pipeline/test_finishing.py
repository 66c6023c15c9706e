"""A write that is told to finish: the batch it is at, no more, and the rest can be read again."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from typing_extensions import override

from services.earn.domain.desk import Desk
from shared.pipeline.store import Partition
from shared.platform.postgres import Connection
from tests.integration.earn.desk import standings
from tests.integration.pipeline.desk import begin, started
from tests.integration.pipeline.doubles import Planted
from tests.support.databases import Database
from tests.support.tellings import paid

pytestmark = pytest.mark.integration

BATCH, TOLD = 5, 40
ORDERS = Partition("orders.v1", 0)


@dataclass(kw_only=True)
class Interrupted(Planted):
    """Something happens while a batch is stored."""

    happens: Callable[[], None]

    @override
    async def store(self, connection: Connection, state: Desk) -> None:
        self.happens()
        await self.earn.store(connection, state)


async def test_it_ends_after_its_batch_and_goes_on_from_there(database: Database) -> None:
    await begin(database)
    domain = Interrupted(happens=lambda: None)
    earn = await started(database, domain, batch=BATCH)
    records = [earn.record(*paid(f"o{n}", f"m{n}")) for n in range(TOLD)]
    domain.happens = earn.writer.finish
    await earn.writer.write(records)
    assert earn.writer.positions[ORDERS] == records[BATCH].offset
    assert len(await standings(database)) == BATCH
    domain.happens = lambda: None
    await earn.writer.write(records[BATCH:])
    await earn.writer.close()
    assert len(await standings(database)) == TOLD
