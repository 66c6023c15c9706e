"""The auditor looks beyond sums: what refunds took, against what their orders gave."""

from datetime import timedelta

import pytest

from tests.integration.earn.desk import now
from tests.integration.ledger.desk import audited
from tests.integration.pipeline.desk import begin, rows, started
from tests.support.databases import Database, owner_of
from tests.support.tellings import paid, refunded

pytestmark = pytest.mark.integration

EXPIRED = (now() - timedelta(days=800)).isoformat()


async def test_refunds_of_all_kinds_are_clean(database: Database) -> None:
    """Of points that are there, and of points that had expired."""
    await begin(database)
    earn = await started(database)
    await earn.tell(
        [
            paid("o1", "m1"),
            paid("o2", "m1", paid_at=EXPIRED),
            refunded("o2", "m1", "r1", minor=400),
            refunded("o1", "m1", "r1", minor=300),
            refunded("o1", "m1", "r2", minor=10**6),
            refunded("o2", "m1", "r2", minor=10**6),
        ]
    )
    await earn.writer.close()
    [[forgiven]] = await rows(database, "SELECT sum(forgiven) FROM ledger.lot")
    assert forgiven == 10
    assert (await audited(database)).wrong == 0


async def test_an_award_taken_back_twice_is_found(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    await earn.tell([paid("o1", "m1"), refunded("o1", "m1", "r1", minor=1_000)])
    async with owner_of(database) as owner:
        await owner.execute(
            """UPDATE earn.order_claim SET taken_back = 0, lines = '[["l1",1000,0]]'"""
        )
    await earn.tell([refunded("o1", "m1", "r2", minor=1_000)])
    await earn.writer.close()
    (finding,) = (await audited(database)).findings
    assert (finding.problem, finding.expected, finding.found) == ("order o1", "at most 10", "20")
