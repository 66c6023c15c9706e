"""The ledger has one door: no service changes an entry, an account or a lot by itself."""

from collections.abc import Iterable

import asyncpg
import pytest

from jifen.stack.roles import SERVICE_ROLES
from shared.platform.postgres import Connection
from tests.integration.ledger.desk import connected, everything, fill
from tests.support.databases import Database

pytestmark = pytest.mark.integration

POSTERS = ("jifen_earn", "jifen_redeem", "jifen_expiry")
DOORS = (
    "SELECT ledger.lock_accounts('eve', '{eve}', '{eve}')",
    "SELECT ledger.post('eve', '{}', '{}')",
)
FORBIDDEN = (
    "UPDATE ledger.entry SET points = points + 1",
    "DELETE FROM ledger.entry",
    "TRUNCATE ledger.entry",
    """INSERT INTO ledger.entry VALUES ('ann', 99, 'c', sha256(''), 'earned', 1, 1, '{infinity}',
        '{1}', '{}', 1, now(), now(), 1, sha256(''))""",
    "INSERT INTO ledger.account (member_id, head_hash) VALUES ('eve', sha256(''))",
    "UPDATE ledger.account SET balance = balance + 1, earned = earned + 1",
    "DELETE FROM ledger.account",
    "TRUNCATE ledger.account",
    "SELECT FROM ledger.account FOR UPDATE",
    "INSERT INTO ledger.lot (member_id, expires_on, points) VALUES ('ann', 'infinity', 1)",
    "UPDATE ledger.lot SET points = points + 1",
    "DELETE FROM ledger.lot",
    "TRUNCATE ledger.lot",
    "UPDATE ledger.epoch SET epoch = epoch + 1",
    "DROP TABLE ledger.entry",
    "ALTER TABLE ledger.entry DISABLE TRIGGER ALL",
    "CREATE TABLE ledger.mine (id int)",
    "CREATE OR REPLACE FUNCTION ledger.genesis(member text) RETURNS bytea RETURN ''",
)


async def test_no_service_writes_the_ledger_itself(database: Database) -> None:
    async with connected(database) as earn:
        await fill(earn, "ann")
    async with connected(database, None) as owner:
        before = await everything(owner)
        for role in SERVICE_ROLES:
            async with connected(database, role) as service:
                await refused_all(service, FORBIDDEN)
        assert await everything(owner) == before


async def test_only_who_posts_goes_through_the_doors(database: Database) -> None:
    for role in SERVICE_ROLES:
        async with connected(database, role) as service:
            if role in POSTERS:
                await fill(service, f"of-{role}")
            else:
                await refused_all(service, DOORS)
    async with connected(database, None) as owner:
        assert await owner.fetchval("SELECT count(*) FROM ledger.account") == len(POSTERS)


async def refused_all(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_a_role_made_later_has_no_rights(database: Database) -> None:
    async with connected(database, None) as owner:
        await owner.execute("CREATE ROLE jifen_test_stranger")
        try:
            await owner.execute("SET ROLE jifen_test_stranger")
            await refused_all(owner, (*DOORS, *FORBIDDEN))
        finally:
            await owner.execute("RESET ROLE")
            await owner.execute("DROP ROLE jifen_test_stranger")
