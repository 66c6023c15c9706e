"""Services go on while the schema grows under them: no restart, no error, and the sums exact."""

from pathlib import Path

import pytest

from tests.integration.upgrades.schemas import expand
from tests.integration.upgrades.trickle import trickling
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.stack import Home

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


async def test_services_do_not_notice_a_schema_that_grows(
    database: Database, kafka: KafkaHandle, home: Home, tmp_path: Path
) -> None:
    async with trickling(database, kafka, home) as trickle:
        await expand(database, tmp_path / "migrations")
        await trickle.until_more()
        await trickle.untroubled()
