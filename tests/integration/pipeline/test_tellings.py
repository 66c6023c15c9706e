"""The same thing told twice changes nothing; told differently, it is a conflict with both."""

import pytest

from shared.contract.codec import decode
from shared.contract.fingerprint import fingerprint
from tests.integration.earn.desk import entries
from tests.integration.pipeline.desk import begin, dead_letters, started
from tests.support.databases import Database
from tests.support.tellings import paid

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_conflict_names_both_fingerprints(database: Database, batch: int) -> None:
    await begin(database)
    earn = await started(database, batch=batch)
    first = earn.record(*paid("o1", "m1", 1_000))
    other = earn.record(*paid("o1", "m1", 2_000))
    await earn.writer.write([first, other])
    await earn.writer.close()
    [letter] = await dead_letters(database)
    assert (letter["reason"], letter["isolated"]) == ("conflict", False)
    assert (letter["member_id"], letter["cause"]) == ("m1", "order/o1/paid")
    for record in (first, other):
        assert fingerprint(decode(record).data).hex() in letter["detail"]
    assert "m1/1" in letter["detail"]
    assert letter["value"] == other.value
    assert [line[2] for line in (await entries(database))["m1"]] == [10]


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_duplicate_leaves_nothing(database: Database, batch: int) -> None:
    await begin(database)
    earn = await started(database, batch=batch)
    told = paid("o1", "m1")
    await earn.tell([told, told])
    await earn.tell([("order.paid.v1", {**told[1], "channel": "told differently, means the same"})])
    await earn.writer.close()
    assert await dead_letters(database) == []
    assert len((await entries(database))["m1"]) == 1


async def test_an_offset_is_one_dead_letter(database: Database) -> None:
    """A rewind tells the same record again: that is no second dead letter."""
    await begin(database)
    earn = await started(database)
    bad = earn.record("order.paid.v1", {**paid("o1", "m1")[1], "currency": 1})
    await earn.writer.write([bad])
    earn.writer.positions.clear()
    await begin(database)
    rewound = await started(database)
    await rewound.writer.write([bad])
    await earn.writer.close()
    await rewound.writer.close()
    [letter] = await dead_letters(database)
    assert letter["detail"].startswith("currency: expected ")
