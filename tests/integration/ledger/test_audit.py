"""The auditor finds what somebody with all rights changed, and names the first wrong entry."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jifen.cli.main import build
from shared.ledger.audit import MAX_FINDINGS, Audit
from shared.platform.postgres import Connection
from tests.integration.ledger.desk import audited, connected, fill
from tests.support.databases import Database

pytestmark = pytest.mark.integration

LAST = 7
"""Entries that `fill` gives each member."""
_FREE = """
    ALTER TABLE ledger.lot DROP CONSTRAINT lot_check, DROP CONSTRAINT lot_points_check;
    ALTER TABLE ledger.account DROP CONSTRAINT account_check;
"""


@pytest.fixture
async def filled(database: Database) -> Database:
    async with connected(database) as earn:
        await fill(earn, "ann", "bob", "cat")
    return database


@pytest.fixture
async def owner(filled: Database) -> AsyncIterator[Connection]:
    async with connected(filled, None) as connection:
        yield connection


async def test_a_ledger_that_nobody_touched_is_clean(filled: Database) -> None:
    assert await audited(filled) == Audit(members=3, entries=3 * LAST)


async def test_an_empty_ledger_is_clean(database: Database) -> None:
    assert await audited(database) == Audit()


async def test_an_account_without_entries_is_clean(database: Database) -> None:
    async with connected(database) as earn:
        await earn.execute("SELECT ledger.lock_accounts('ann', '{ann}', '{ann}')")
    assert await audited(database) == Audit(members=1)


DAMAGE: tuple[tuple[str, int | None, str], ...] = (
    ("UPDATE entry SET points = points + 1 WHERE seq = 3", 3, "balance"),
    (
        "UPDATE entry SET points = points + (seq = 3)::int, balance = balance + 1 WHERE seq > 2",
        3,
        "lots",
    ),
    ("UPDATE entry SET balance = balance + 1 WHERE seq = 3", 3, "balance"),
    ("UPDATE entry SET reason = reason || ' ' WHERE seq = 2", 2, "hash"),
    ("UPDATE entry SET cause = cause || 'x' WHERE seq = 2", 2, "hash"),
    ("UPDATE entry SET kind = 'adjusted' WHERE seq = 2", 2, "hash"),
    ("UPDATE entry SET fingerprint = sha256('') WHERE seq = 7", 7, "hash"),
    ("UPDATE entry SET revision = NULL WHERE seq = 7", 7, "hash"),
    ("UPDATE entry SET occurred_at = occurred_at + interval '1 us' WHERE seq = 1", 1, "hash"),
    ("UPDATE entry SET posted_at = posted_at - interval '1 us' WHERE seq = 1", 1, "hash"),
    ("UPDATE entry SET posted_at = posted_at - interval '9 days' WHERE seq = 6", 6, "posted_at"),
    ("UPDATE entry SET hash = sha256('') WHERE seq = 4", 4, "hash"),
    ("UPDATE entry SET hash_version = 9 WHERE seq = 4", 4, "hash_version"),
    ("UPDATE entry SET lot_dates[1] = lot_dates[1] + 1 WHERE seq = 1", 1, "hash"),
    ("UPDATE entry SET lot_dates[1] = NULL WHERE seq = 1", 1, "hash"),
    ("UPDATE entry SET lot_points[1] = lot_points[1] + 1 WHERE seq = 1", 1, "lots"),
    ("UPDATE entry SET lot_points[1] = NULL WHERE seq = 1", 1, "lots"),
    (
        """UPDATE entry SET lot_dates = lot_dates || lot_dates[1:1],
            lot_points = lot_points || 0::bigint WHERE seq = 2""",
        2,
        "hash",
    ),
    ("DELETE FROM entry WHERE seq = 7", 7, "seq"),
    ("DELETE FROM entry WHERE seq = 3", 3, "seq"),
    ("DELETE FROM entry WHERE seq IN (1, 2)", 1, "seq"),
    ("DELETE FROM entry", 1, "seq"),
    ("UPDATE entry SET seq = CASE seq WHEN 8 THEN 2 ELSE 8 END WHERE seq = 2", 2, "seq"),
    (
        """UPDATE entry AS e SET reason = o.reason FROM entry AS o
            WHERE o.member_id = e.member_id AND o.seq = 7 - e.seq AND e.seq IN (3, 4)""",
        3,
        "hash",
    ),
    ("UPDATE lot SET points = points + 1 WHERE expires_on = '2024-01-16'", None, "lot 2024-01-16"),
    ("UPDATE lot SET expired = expired + 1 WHERE expires_on = 'infinity'", None, "lot infinity"),
    ("UPDATE lot SET times_expired = 9 WHERE expires_on = '2024-01-05'", None, "lot 2024-01-05"),
    ("UPDATE lot SET forgiven = 999 WHERE expires_on = '2024-01-05'", None, "lot 2024-01-05"),
    ("UPDATE lot SET forgiven = expired - forgiven WHERE expired > 0", None, "lots.forgiven"),
    ("DELETE FROM lot WHERE expires_on = '2024-01-16'", None, "lot 2024-01-16"),
    ("INSERT INTO lot VALUES (:member, '2030-01-01', 5)", None, "lot 2030-01-01"),
    ("UPDATE account SET balance = balance + 1", None, "account.balance"),
    ("UPDATE account SET earned = earned + 1, reversed = reversed - 1", None, "account.sums"),
    ("UPDATE account SET head_hash = sha256('')", 7, "head_hash"),
    ("UPDATE account SET posted_at = now()", 7, "account.posted_at"),
    ("UPDATE account SET seq = seq - 1", 8, "seq"),
    ("DELETE FROM account", 1, "account"),
)  # fmt: skip


def of(member: str, damage: str) -> str:
    """Let a statement touch one member only."""
    if damage.startswith("INSERT"):
        return damage.replace(":member", f"'{member}'")
    where = " AND " if " WHERE " in damage else " WHERE "
    return f"{damage}{where}{'e.' if ' AS e ' in damage else ''}member_id = '{member}'"


async def test_damage_is_found_where_it_is(database: Database) -> None:
    names = [f"m{number:02}" for number in range(len(DAMAGE))]
    async with connected(database) as earn:
        await fill(earn, *names, "unharmed")
    async with connected(database, None) as owner:
        await owner.execute(f"{_FREE} SET search_path = ledger")
        for name, (damage, _, _) in zip(names, DAMAGE, strict=True):
            await owner.execute(of(name, damage))
    audit = await audited(database)
    assert audit.wrong == len(DAMAGE)
    assert [(one.seq, one.problem) for one in audit.findings] == [case[1:] for case in DAMAGE]
    assert [one.member_id for one in audit.findings] == names
    assert all(one.expected != one.found for one in audit.findings)


async def test_two_entries_swapped_are_found_at_the_first(
    filled: Database, owner: Connection
) -> None:
    for before, after in ((3, 99), (4, 3), (99, 4)):
        await owner.execute(
            "UPDATE ledger.entry SET seq = $2 WHERE seq = $1 AND member_id = 'bob'", before, after
        )
    (finding,) = (await audited(filled)).findings
    assert finding[:2] == ("bob", 3)


async def test_entries_and_lots_of_nobody_are_found_wherever_they_are(
    filled: Database, owner: Connection
) -> None:
    await owner.execute("UPDATE ledger.entry SET member_id = 'zoe' WHERE member_id = 'cat'")
    await owner.execute("DELETE FROM ledger.account WHERE member_id = 'ann'")
    await owner.execute("INSERT INTO ledger.lot VALUES ('ari', 'infinity', 0)")
    audit = await audited(filled)
    assert [finding[:3] for finding in audit.findings] == [
        ("ann", 1, "account"),
        ("ari", None, "account"),
        ("cat", 1, "seq"),
        ("zoe", 1, "account"),
    ]


async def test_each_wrong_member_is_told_once_and_not_too_many(
    database: Database,
) -> None:
    names = [f"m{number:03}" for number in range(MAX_FINDINGS + 20)]
    async with connected(database) as earn:
        await fill(earn, names[0])
    async with connected(database, None) as owner:
        await owner.execute(
            """
            INSERT INTO ledger.entry
            SELECT (jsonb_populate_record(e, jsonb_build_object('member_id', m.name))).*
            FROM ledger.entry AS e CROSS JOIN unnest($1::text[]) AS m (name)
            """,
            names[1:],
        )
    audit = await audited(database, pace=1_000)
    assert (audit.members, audit.wrong) == (len(names), len(names) - 1)
    assert [finding.member_id for finding in audit.findings] == names[1 : MAX_FINDINGS + 1]


async def test_a_paced_audit_takes_its_time_and_sees_the_same(filled: Database) -> None:
    assert await audited(filled, pace=100) == Audit(members=3, entries=3 * LAST)


async def test_an_audit_beside_writers_is_clean(filled: Database) -> None:
    async with connected(filled) as earn:
        for number in range(3):
            await fill(earn, *(f"new-{number}-{other}" for other in range(5)))
            assert (await audited(filled)).wrong == 0


class TestCommand:
    """`jifen audit verify`."""

    @pytest.fixture(autouse=True)
    def environment(
        self, filled: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("JIFEN_HOME", str(tmp_path))
        monkeypatch.setenv("JIFEN_DATABASE_URL", filled.dsn())
        monkeypatch.setenv("JIFEN_KAFKA_BOOTSTRAP", "127.0.0.1:1")

    @pytest.fixture
    async def damaged(self, owner: Connection) -> None:
        await owner.execute(
            "UPDATE ledger.entry SET balance = 999 WHERE member_id = 'bob' AND seq = 2"
        )

    def test_clean(self) -> None:
        result = CliRunner().invoke(build(), ["audit", "verify"])
        assert result.exit_code == 0
        assert f"{3 * LAST} entries of 3 members" in result.stdout
        assert "everything agrees" in result.stdout

    def test_clean_as_json(self) -> None:
        result = CliRunner().invoke(build(), ["audit", "verify", "--json", "--pace", "1000"])
        told = json.loads(result.stdout)
        assert result.exit_code == 0
        assert (told["clean"], told["wrong_members"], told["findings"]) == (True, 0, [])
        assert (told["members"], told["entries"]) == (3, 3 * LAST)

    @pytest.mark.usefixtures("damaged")
    def test_wrong(self) -> None:
        result = CliRunner().invoke(build(), ["audit", "verify"])
        assert result.exit_code == 1
        assert "bob: entry 2: balance: expected " in result.stdout
        assert "found 999" in result.stdout
        assert "1 member is wrong" in result.stdout

    @pytest.mark.usefixtures("damaged")
    def test_wrong_as_json(self) -> None:
        result = CliRunner().invoke(build(), ["audit", "verify", "--json"])
        told = json.loads(result.stdout)
        assert result.exit_code == 1
        assert (told["clean"], told["wrong_members"]) == (False, 1)
        (finding,) = told["findings"]
        assert (finding["member_id"], finding["seq"], finding["problem"]) == ("bob", 2, "balance")
