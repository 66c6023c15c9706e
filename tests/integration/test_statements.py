"""Every statement is known to the migrated schema, allowed to who runs it, and finds by index."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import asyncpg
import pytest

from jifen.stack.roles import SERVICE_ROLES
from shared.ledger.audit import SESSION
from shared.platform.postgres import Connection
from shared.platform.sql import parse_statements
from tests.integration.ledger.desk import connect, fill
from tests.support.databases import Database

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
OWNER = None
# Who runs the `queries.sql` of a shared package. A service's own are run by its role; all others
# are those of the command line, which is the owner's.
CONSUMERS = ("jifen_earn", "jifen_redeem", "jifen_expiry", "jifen_notify")
SHARED: Mapping[str, tuple[str | None, ...]] = {
    "shared/ledger/audit.sql": (OWNER, "jifen_audit"),
    "shared/ledger/queries.sql": ("jifen_earn", "jifen_redeem", "jifen_expiry"),
    "shared/pipeline/queries.sql": CONSUMERS,
    "shared/platform/queries.sql": SERVICE_ROLES,
    "shared/program/queries.sql": (OWNER,),
    "shared/rewards/queries.sql": (OWNER,),
}
BESIDES: Mapping[str, tuple[str | None, ...]] = {
    "shared/program/queries.sql: read_newer": (*CONSUMERS, "jifen_mall"),
    "shared/program/queries.sql: effective_at": CONSUMERS,
}
LARGE = (
    "entry",
    "account",
    "lot",
    "award",
    "order_claim",
    "friend_claim",
    "check_in",
    "parked",
    "redemption",
    "command",
    "reminder",
    "message",
    "delivery",
)
"""Tables that grow with members and orders: none of them is ever read whole."""

_SCAN = re.compile(rf"Seq Scan on ({'|'.join(LARGE)})\b")
_UTILITY = re.compile(r"^(LOCK|TRUNCATE)\b")


def files() -> Iterator[Path]:
    for folder in ("shared", "services", "jifen"):
        yield from (ROOT / folder).rglob("*.sql")


def roles(file: str, name: str) -> tuple[str | None, ...]:
    if file.startswith("services/"):
        return (f"jifen_{Path(file).parts[1]}",)
    if file not in SHARED and (not file.endswith("/queries.sql") or file.startswith("jifen/")):
        return (OWNER,)
    assert file in SHARED, f"say in this test who runs the statements of {file}"
    return (*SHARED[file], *BESIDES.get(f"{file}: {name}", ()))


def statements() -> Iterator[tuple[str, str, str | None]]:
    for path in sorted(files()):
        file = path.relative_to(ROOT).as_posix()
        for name, sql in parse_statements(path.read_text(encoding="utf-8"), source=file).items():
            for role in roles(file, name):
                yield f"{file}: {name}", sql, role


@pytest.fixture
async def sessions(database: Database) -> AsyncIterator[Mapping[str | None, Connection]]:
    """A connection of each role, with the settings its service asks for."""
    connections = {}
    for role in {role for _, _, role in statements()}:
        more = SESSION if role in {OWNER, "jifen_audit"} else {"enable_seqscan": "off"}
        connections[role] = await connect(database, role, **more)
    yield connections
    for connection in connections.values():
        await connection.close()


def test_statements_are_found() -> None:
    names = {name for name, _, _ in statements()}
    assert {"shared/ledger/queries.sql: post", "shared/ledger/audit.sql: check_page"} <= names
    assert {Path(name).parts[1] for name in names if name.startswith("services/")} >= {
        "earn",
        "expiry",
        "mall",
        "redeem",
        "relay",
    }


async def test_every_statement_is_understood(
    sessions: Mapping[str | None, Connection],
) -> None:
    wrong = {}
    for name, sql, role in statements():
        try:
            await sessions[role].prepare(sql)
        except asyncpg.PostgresError as error:
            wrong[name, role] = str(error)
    assert wrong == {}


async def test_every_statement_is_allowed_and_none_reads_a_large_table_whole(
    sessions: Mapping[str | None, Connection],
) -> None:
    wrong = {}
    for name, sql, role in statements():
        if _UTILITY.match(sql):
            continue
        try:
            plan = await explain(sessions[role], sql)
        except asyncpg.PostgresError as error:
            wrong[name, role] = str(error)
        else:
            if found := _SCAN.search(plan):
                wrong[name, role] = found.group()
    assert wrong == {}


async def test_what_waits_is_found_by_what_it_waits_for(
    sessions: Mapping[str | None, Connection],
) -> None:
    """Of no table's indexes but this may an empty one choose: the plan outlives its emptiness."""
    [(_, sql, _)] = [
        one
        for one in statements()
        if one[0] == "shared/pipeline/queries.sql: find_parked" and one[2] == "jifen_earn"
    ]
    assert "parked_awaits" in await explain(sessions["jifen_earn"], sql)


async def explain(connection: Connection, sql: str) -> str:
    """Plan a statement for parameters that are not known; this checks the rights to it too."""
    statement = await connection.prepare(sql)
    nulls = ", ".join("NULL" for _ in statement.get_parameters())
    types = ", ".join(
        f"{one.schema}.{one.name.removesuffix('[]')}{'[]' * one.name.endswith('[]')}"
        for one in statement.get_parameters()
    )
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE explained{f'({types})' * bool(types)} AS {sql}")
    try:
        rows = await connection.fetch(f"EXPLAIN EXECUTE explained{f'({nulls})' * bool(nulls)}")
    finally:
        await connection.execute("DEALLOCATE explained")
    return "\n".join(row[0] for row in rows)


async def test_the_ledgers_functions_read_no_large_table_whole(database: Database) -> None:
    """What runs inside functions shows in the log of plans."""
    plans: list[str] = []
    owner = await connect(database, OWNER)
    try:
        await owner.execute("LOAD 'auto_explain'")
        await owner.execute("SET auto_explain.log_min_duration = 0")
        await owner.execute("SET auto_explain.log_nested_statements = on")
        await owner.execute("SET client_min_messages = log")
        owner.add_log_listener(lambda _, message: plans.append(str(message)))
        await fill(owner, "ann", "bob")
    finally:
        await owner.close()
    assert any("Index Cond: (member_id = ANY" in plan for plan in plans)
    assert [plan for plan in plans if _SCAN.search(plan)] == []


async def test_the_check_itself_sees_what_is_wrong(
    sessions: Mapping[str | None, Connection],
) -> None:
    plan = await explain(sessions["jifen_earn"], "SELECT 1 FROM ledger.entry WHERE reason = $1")
    assert _SCAN.search(plan)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await explain(sessions["jifen_mall"], "SELECT 1 FROM ledger.entry")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await explain(sessions["jifen_notify"], "SELECT ledger.post($1, $2, $3)")
