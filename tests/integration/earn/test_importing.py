"""Rows of a file: each once for ever, all of a request or none, and none twice under any race."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.program.dates import local_day
from tests.integration.earn.desk import entries, now, standings
from tests.integration.ledger.desk import audited
from tests.support.databases import Database, owner_of

pytestmark = pytest.mark.integration

TODAY = local_day(now(), "Asia/Shanghai")
SOON, PAST = (TODAY + timedelta(days=40)).isoformat(), (TODAY - timedelta(days=1)).isoformat()


def row(number: int, member: str, points: int, until: str | None = None) -> dict[str, Any]:
    return {"row": number, "member_id": member, "points": points, "expires_on": until}


async def post(
    earn: httpx.AsyncClient, *rows: dict[str, Any], batch: str = "old", dry_run: bool = False
) -> dict[str, Any]:
    answer = await earn.post(f"/v1/imports/{batch}/rows", json={"rows": rows, "dry_run": dry_run})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


FILE = [row(2, "ann", 100), row(3, "bob", 50, SOON), row(4, "ann", 30, PAST), row(5, "cat", 0)]


async def test_rows_become_entries_and_what_is_past_expires_at_once(
    earn: httpx.AsyncClient, database: Database
) -> None:
    assert await post(earn, *FILE) == {
        "posted": 4,
        "points": 180,
        "expired": 30,
        "repeated": 0,
        "conflicts": [],
    }
    assert await entries(database) == {
        "ann": [
            ("import/old/2", "adjusted", 100, 100),
            ("import/old/4", "adjusted", 30, 130),
            (f"expiry/{PAST}/1", "expired", -30, 100),
        ],
        "bob": [("import/old/3", "adjusted", 50, 50)],
        "cat": [("import/old/5", "adjusted", 0, 0)],
    }
    assert (await audited(database)).wrong == 0


async def test_a_second_run_changes_nothing_and_another_batch_is_another(
    earn: httpx.AsyncClient, database: Database
) -> None:
    await post(earn, *FILE[:2])
    before = await entries(database)
    again = await post(earn, *FILE)
    assert (again["posted"], again["repeated"]) == (2, 2)
    again = await post(earn, *FILE)
    assert (again["posted"], again["repeated"], again["points"]) == (0, 4, 0)
    assert (await entries(database))["bob"] == before["bob"]
    assert (await post(earn, FILE[1], batch="new"))["posted"] == 1
    assert (await entries(database))["bob"][-1][3] == 100


async def test_a_row_that_says_something_else_by_now_is_a_conflict(
    earn: httpx.AsyncClient, database: Database
) -> None:
    await post(earn, *FILE)
    before = await standings(database)
    found = await post(
        earn, row(2, "ann", 101), row(3, "bob", 50), row(4, "dan", 30, PAST), FILE[3]
    )
    assert (found["posted"], found["repeated"]) == (0, 1)
    assert found["conflicts"] == [
        {
            "row": 2,
            "expected": {"member_id": "ann", "points": 100, "expires_on": None},
            "got": {"member_id": "ann", "points": 101, "expires_on": None},
        },
        {
            "row": 3,
            "expected": {"member_id": "bob", "points": 50, "expires_on": SOON},
            "got": {"member_id": "bob", "points": 50, "expires_on": None},
        },
        {
            "row": 4,
            "expected": {"member_id": "ann", "points": 30, "expires_on": PAST},
            "got": {"member_id": "dan", "points": 30, "expires_on": PAST},
        },
    ]
    assert await standings(database) == before


async def test_a_dry_run_says_the_same_and_leaves_nothing(
    earn: httpx.AsyncClient, database: Database
) -> None:
    dry = await post(earn, *FILE, dry_run=True)
    async with owner_of(database) as owner:
        for table in ("ledger.account", "ledger.entry", "earn.import_row", "messaging.outbox"):
            assert await owner.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608
    assert dry == await post(earn, *FILE)


async def test_the_same_rows_from_two_at_once_count_once(
    earn: httpx.AsyncClient, database: Database
) -> None:
    rows = [row(number, f"m{number % 7}", 10) for number in range(1, 201)]
    asked = [
        earn.post("/v1/imports/old/rows", json={"rows": rows[shift:] + rows[:shift]})
        for shift in (0, 50, 100, 150)
    ]
    codes = {answer.status_code for answer in await asyncio.gather(*asked)}
    # Who came second may be told to ask again.
    assert codes <= {200, 503}
    assert (await post(earn, *rows))["repeated"] == 200
    balances = [lines[-1][3] for lines in (await entries(database)).values()]
    assert sum(balances) == 2_000
    assert (await audited(database)).wrong == 0


async def test_rows_of_other_members_under_one_number_meet_too(
    earn: httpx.AsyncClient, database: Database
) -> None:
    asked = [
        earn.post("/v1/imports/old/rows", json={"rows": [row(1, f"m{n}", 10)]}) for n in range(6)
    ]
    await asyncio.gather(*asked)
    assert [lines[-1][3] for lines in (await entries(database)).values()] == [10]


WRONG: tuple[list[dict[str, Any]], ...] = (
    [],
    [row(0, "ann", 1)],
    [row(1, "ann", -1)],
    [row(1, "no one", 1)],
    [row(1, "ann", 1), row(1, "bob", 1)],
    [row(1, "ann", 1, "1999-12-31")],
    [row(1, "ann", 1, "9999-12-31")],
    [row(1, "ann", 1, "31.12.2026")],
    [row(1, "ann", 1) | {"note": "x"}],
    [row(number, "a", 1) for number in range(1, 1_002)],
)


async def test_what_is_no_row_is_refused_and_the_others_with_it(
    earn: httpx.AsyncClient, database: Database
) -> None:
    for rows in WRONG:
        told = [row(9_999, "zoe", 5), *rows] if 0 < len(rows) < 1_000 else rows
        answer = await earn.post("/v1/imports/old/rows", json={"rows": told})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), rows[:2]
    assert await entries(database) == {}


async def test_a_thousand_rows_are_one_transaction(
    earn: httpx.AsyncClient, database: Database
) -> None:
    rows = [row(number, f"m{number}", 10) for number in range(1, 1_001)]
    assert (await post(earn, *rows))["posted"] == 1_000
    async with owner_of(database) as owner:
        assert await owner.fetchval("SELECT count(DISTINCT xmin::text) FROM ledger.entry") == 1
