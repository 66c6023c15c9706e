"""The mall's routes over real views: what a member sees, and how refusals look."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import httpx
import pytest

from shared.platform.clock import utc_now
from tests.support.databases import Database

pytestmark = pytest.mark.integration

_ACCOUNT = """
INSERT INTO ledger.account (member_id, balance, seq, head_hash, earned)
VALUES ($1, $2, $3, decode(repeat('00', 32), 'hex'), $2)
"""
_LOT = "INSERT INTO ledger.lot (member_id, expires_on, points) VALUES ($1, $2, $3)"
_ENTRY = """
INSERT INTO ledger.entry (
    member_id, seq, cause, fingerprint, kind, points, balance, lot_dates, lot_points, reason,
    revision, occurred_at, posted_at, hash_version, hash
)
VALUES (
    $1, $2::bigint, 'order/o' || $2::bigint || '/paid', decode(repeat('00', 32), 'hex'),
    'earned', 10, 10 * $2::bigint, ARRAY['infinity'::date], ARRAY[10::bigint],
    '{"rule": "purchase", "base_minor": 1000}',
    1, $3, $3, 1, decode(repeat('00', 32), 'hex')
)
"""
_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_an_account_shows_what_can_be_spent_and_when_it_expires(
    owner: "asyncpg.Connection[asyncpg.Record]", mall: httpx.AsyncClient
) -> None:
    soon = utc_now().date() + timedelta(days=5)
    past = soon - timedelta(days=10)
    await owner.execute(_ACCOUNT, "m1", 160, 3)
    for day, points in ((date.max, 50), (soon, 70), (past, 40)):
        await owner.execute(_LOT, "m1", day, points)
    answer = await mall.get("/v1/members/m1/account")
    assert answer.status_code == 200
    assert answer.json() == {
        "member_id": "m1",
        "balance": 160,
        # The lot past its date waits for its sweep, but can't be spent.
        "spendable": 120,
        "held": 0,
        "debt": 0,
        "expiring": [
            {"expires_on": soon.isoformat(), "points": 70},
            {"expires_on": None, "points": 50},
        ],
        "zone": "Asia/Shanghai",
    }


async def test_a_debt_is_shown_apart(
    owner: "asyncpg.Connection[asyncpg.Record]", mall: httpx.AsyncClient
) -> None:
    await owner.execute(_ACCOUNT, "m1", -30, 1)
    body = (await mall.get("/v1/members/m1/account")).json()
    assert (body["balance"], body["spendable"], body["debt"]) == (-30, 0, 30)


async def test_a_member_to_whom_nothing_has_happened_has_nothing(mall: httpx.AsyncClient) -> None:
    answer = await mall.get("/v1/members/nobody/account")
    assert answer.status_code == 200
    assert answer.json()["balance"] == 0
    assert answer.json()["expiring"] == []
    assert (await mall.get("/v1/members/nobody/entries")).json() == {
        "entries": [],
        "next_cursor": None,
    }


async def test_entries_come_newest_first_in_pages(
    owner: "asyncpg.Connection[asyncpg.Record]", mall: httpx.AsyncClient
) -> None:
    for seq in range(1, 8):
        await owner.execute(_ENTRY, "m1", seq, _NOON)
    await owner.execute(_ENTRY, "m2", 1, _NOON)
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        parameters = {"limit": "3"} | ({} if cursor is None else {"cursor": cursor})
        page = (await mall.get("/v1/members/m1/entries", params=parameters)).json()
        seen += [entry["seq"] for entry in page["entries"]]
        cursor = page["next_cursor"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert cursor is None


async def test_an_entry_explains_itself(
    owner: "asyncpg.Connection[asyncpg.Record]", mall: httpx.AsyncClient
) -> None:
    for seq in (1, 2):
        await owner.execute(_ENTRY, "m1", seq, _NOON)
    answer = await mall.get("/v1/members/m1/entries", params={"cause": "order/o2/paid"})
    assert answer.json() == {
        "entries": [
            {
                "entry_id": "m1/2",
                "seq": 2,
                "cause": "order/o2/paid",
                "kind": "earned",
                "points": 10,
                "balance": 20,
                "lots": [{"expires_on": None, "points": 10}],
                "reason": {"rule": "purchase", "base_minor": 1000},
                "revision": 1,
                "occurred_at": "2026-03-01T12:00:00Z",
                "posted_at": "2026-03-01T12:00:00Z",
            }
        ],
        "next_cursor": None,
    }
    none = await mall.get("/v1/members/m1/entries", params={"cause": "order/o3/paid"})
    assert none.json()["entries"] == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/members/no%20such%20id/account", 422, "invalid-request"),
        (f"/v1/members/{'x' * 65}/account", 422, "invalid-request"),
        ("/v1/members/m%00/account", 422, "invalid-request"),
        ("/v1/members/m1/entries?limit=0", 422, "invalid-request"),
        ("/v1/members/m1/entries?limit=201", 422, "invalid-request"),
        ("/v1/members/m1/entries?cause=no%20cause", 422, "invalid-request"),
        ("/v1/members/m1/entries?cursor=MTox%21", 422, "invalid-cursor"),
        ("/v1/members/m1/entries?cursor=Mjox", 422, "invalid-cursor"),
        ("/v1/members/m1/entries?cursor=%E4%BD%A0", 422, "invalid-cursor"),
        ("/v1/members/m1/expired?cursor=Mjow", 422, "invalid-cursor"),
        ("/v1/members/m1/redemptions?cursor=MTox", 422, "invalid-cursor"),
        ("/v1/members/m1/notices?cursor=Mjox", 422, "invalid-cursor"),
        ("/v1/members/m1/notices?language=tlh", 422, "invalid-request"),
        ("/v1/members/m1/redemptions?status=lost", 422, "invalid-request"),
        ("/v1/members/m1/rewards?band=500", 422, "invalid-request"),
        ("/v1/rewards?band=-500", 422, "invalid-request"),
        ("/v1/rewards?band=%D9%A1-%D9%A2", 422, "invalid-request"),
        ("/v1/rewards?band=500-500", 422, "invalid-band"),
        ("/v1/rewards?cursor=MTox", 422, "invalid-cursor"),
        ("/v1/members/m1", 404, "not-found"),
        ("/v2/members/m1/account", 404, "not-found"),
    ],
)
async def test_a_refusal_is_a_problem_with_a_code(
    mall: httpx.AsyncClient, path: str, status: int, code: str
) -> None:
    answer = await mall.get(path)
    body = answer.json()
    assert answer.status_code == status, body
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:jifen:problem:{code}"
    assert body["title"]


async def test_nothing_can_be_written(database: Database, mall: httpx.AsyncClient) -> None:
    answer = await mall.post("/v1/members/m1/account", json={})
    assert answer.status_code == 405
    assert answer.json()["code"] == "method-not-allowed"
    role = await asyncpg.connect(database.dsn("jifen_mall"))
    try:
        for statement in (
            "SELECT FROM ledger.account",
            "SELECT FROM messaging.outbox",
            "DELETE FROM read.entry_v1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await role.execute(statement)
    finally:
        await role.close()


async def test_without_its_database_the_mall_asks_to_come_again(
    owner: "asyncpg.Connection[asyncpg.Record]", database: Database, mall: httpx.AsyncClient
) -> None:
    assert (await mall.get("/readyz")).status_code == 200
    await owner.execute("ALTER ROLE jifen_mall CONNECTION LIMIT 0")
    try:
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = $1 AND usename = 'jifen_mall'",
            database.name,
        )
        answer = await mall.get("/v1/members/m1/account")
        ready = await mall.get("/readyz")
    finally:
        await owner.execute("ALTER ROLE jifen_mall CONNECTION LIMIT -1")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["code"] == "unavailable"
    assert ready.status_code == 503
    assert (await mall.get("/healthz")).status_code == 200
    assert (await mall.get("/v1/members/m1/account")).status_code == 200
