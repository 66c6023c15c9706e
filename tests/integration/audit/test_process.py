"""The service itself: ready, seen by whoever scrapes it, and gone when it is told to stop."""

import httpx
import pytest

from tests.integration.audit.desk import CHECKS
from tests.integration.consuming.crew import Place
from tests.integration.ledger.desk import connected, fill
from tests.support.databases import Database
from tests.support.stack import Home

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def test_it_is_scraped_like_the_others(database: Database, home: Home) -> None:
    async with connected(database) as earn:
        await fill(earn, "ann")
    place = Place(
        urls={"audit": database.dsn("jifen_audit")}, bootstrap="none:1", folder=home.folder
    )
    async with place.service("audit") as audit, httpx.AsyncClient() as client:
        await audit.until_ready(patience_seconds=60)
        told = ""
        while "points_ledger_chain_verified_height{" not in told:
            told = (await client.get(f"{audit.url}/metrics")).text
    for check in CHECKS:
        assert f'points_ledger_wrong_members{{check="{check}"}} 0.0' in told
        assert f'points_reconciliation_last_success_timestamp_seconds{{check="{check}"}} 1' in told
    assert 'points_audit_leader{service="audit"} 1.0' in told
    assert 'points_ledger_chain_verified_height{service="audit"} 7.0' in told
