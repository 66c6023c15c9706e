"""What the audit says of a ledger that is true, of one that is not, and of one that was mended."""

import asyncio

import asyncpg
import pytest

from services.audit.settings import AuditSettings
from shared.platform.clock import unix_seconds
from tests.integration.audit.desk import CHECKS, Desk, open_desk, settings_of
from tests.integration.ledger.desk import connected, fill
from tests.integration.pipeline.desk import until
from tests.support.databases import Database, owner_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ENTRIES, BALANCE = 7, 47
"""What `fill` gives each member."""

# What somebody with all rights does to bob, what undoes it, and (points, members) by check.
DAMAGE = (
    (
        "UPDATE ledger.account SET balance = balance + 5, adjusted = adjusted + 5",
        "UPDATE ledger.account SET balance = balance - 5, adjusted = adjusted - 5",
        {"member_balance": (5, 1)},
    ),
    (
        "UPDATE ledger.account SET earned = earned + 3, reversed = reversed - 3",
        "UPDATE ledger.account SET earned = earned - 3, reversed = reversed + 3",
        {"member_balance": (3, 1)},
    ),
    (
        "UPDATE ledger.lot SET points = points + 4 WHERE expires_on = 'infinity' AND true",
        "UPDATE ledger.lot SET points = points - 4 WHERE expires_on = 'infinity' AND true",
        {"lot_remaining": (4, 1)},
    ),
    (
        "UPDATE ledger.lot SET times_expired = times_expired + 1",
        "UPDATE ledger.lot SET times_expired = times_expired - 1",
        {"lot_remaining": (0, 1)},
    ),
    (
        "UPDATE ledger.entry SET reason = reason || ' '",
        "UPDATE ledger.entry SET reason = left(reason, -1)",
        {"chain": (None, 1)},
    ),
    (
        "UPDATE ledger.entry SET lot_points[1] = lot_points[1] + 2 WHERE seq = 1 AND true",
        "UPDATE ledger.entry SET lot_points[1] = lot_points[1] - 2 WHERE seq = 1 AND true",
        {"double_entry": (2, 1), "lot_remaining": (2, 1), "chain": (None, 1)},
    ),
)


def of_bob(statement: str) -> str:
    return f"{statement}{' AND' if ' WHERE ' in statement else ' WHERE'} member_id = 'bob'"


async def filled(database: Database, *names: str) -> None:
    async with connected(database) as earn:
        await fill(earn, *names)


async def test_a_true_ledger_shows_zeros_what_it_owes_and_when_it_was_read(
    database: Database,
) -> None:
    await filled(database, "ann", "bob")
    async with owner_of(database) as owner:
        owed = await owner.fetchval("SELECT sum(balance) FROM ledger.account")
    async with open_desk(database) as desk:
        began = unix_seconds()
        await desk.go_round()
        assert desk.wrong() == {}
        assert desk.sample("points_ledger_imbalance_points", check="member_balance") == 0
        assert desk.sample("points_ledger_chain_verified_height", service="audit") == 2 * ENTRIES
        assert desk.sample("points_liability_points", service="audit") == owed
        assert desk.sample("points_debt_points", service="audit") == 0
        assert desk.sample("points_audit_members_total", service="audit") == 2
        for check in CHECKS:
            read_at = desk.sample(
                "points_reconciliation_last_success_timestamp_seconds", check=check
            )
            assert read_at is not None
            assert began - 1 <= read_at <= unix_seconds() + 1


async def test_each_damage_shows_in_its_check_and_goes_when_it_is_mended(
    database: Database,
) -> None:
    await filled(database, "ann", "bob", "cat")
    async with owner_of(database) as owner, open_desk(database) as desk:
        for damage, mend, shown in DAMAGE:
            await owner.execute(of_bob(damage))
            await desk.go_round()
            assert desk.wrong() == shown, damage
            await owner.execute(of_bob(mend))
            await desk.look_again()
            assert desk.wrong() == {}, mend
        assert desk.sample("points_ledger_chain_breaks_total", service="audit") == 2


async def test_what_is_still_wrong_is_not_forgotten_by_looking_again(database: Database) -> None:
    await filled(database, "ann", "bob")
    async with owner_of(database) as owner, open_desk(database) as desk:
        await owner.execute("DELETE FROM ledger.account WHERE member_id = 'bob'")
        await owner.execute("UPDATE ledger.entry SET reason = reason || ' ' WHERE seq = 2")
        await desk.go_round()
        before = desk.wrong()
        assert before == {"member_balance": (BALANCE, 1), "chain": (None, 2)}
        await desk.look_again()
        await desk.look_again()
        await desk.go_round()
        assert desk.wrong() == before
        assert desk.sample("points_ledger_chain_breaks_total", service="audit") == 2
    async with open_desk(database) as other:
        await other.monitor.sample(other.connection)
        assert other.wrong() == before


async def test_what_waits_to_be_published_is_held_against_the_ledger(database: Database) -> None:
    await filled(database, "ann")
    async with owner_of(database) as owner, open_desk(database) as desk:
        await desk.go_round()
        assert desk.wrong() == {}
        await owner.execute(
            """UPDATE messaging.outbox
            SET payload = jsonb_set(payload::jsonb, '{points}', '1000000')::text
            WHERE type = 'points.earned.v1' AND id = (SELECT min(id) FROM messaging.outbox)"""
        )
        earned = await owner.fetchval("SELECT points FROM ledger.entry WHERE seq = 1")
        await desk.monitor.sample(desk.connection)
        assert desk.wrong() == {"outbox_vs_ledger": (1_000_000 - earned, 1)}
        await owner.execute("TRUNCATE messaging.outbox")
        await owner.execute(
            """INSERT INTO messaging.outbox
                (event_id, aggregatetype, aggregateid, type, payload)
            VALUES ('eve/1/1', 'points.v1', 'eve', 'points.earned.v1', '{"points": 9}')"""
        )
        await desk.monitor.sample(desk.connection)
        assert desk.wrong() == {"outbox_vs_ledger": (9, 1)}


async def read_one_page(desk: Desk) -> None:
    desk.collector.size.current = 1
    await desk.collector.read_page(desk.connection)


async def test_a_round_that_was_interrupted_goes_on_where_it_was(database: Database) -> None:
    await filled(database, "ann", "bob", "cat")
    async with open_desk(database) as desk:
        await read_one_page(desk)
        assert await desk.count("after_member = 'ann' AND finished_at IS NULL") == 1
    async with open_desk(database) as later:
        await later.go_round()
        assert later.sample("points_audit_members_total", service="audit") == 2
        assert later.sample("points_ledger_chain_verified_height", service="audit") == 3 * ENTRIES
        assert await later.count("members = 3") == 1
        assert await later.count("true") == 1


async def test_a_member_who_cannot_be_read_in_time_is_left_out_and_said_so(
    database: Database,
) -> None:
    await filled(database, "ann", "bob")
    async with owner_of(database) as owner, open_desk(database) as desk:
        await desk.connection.execute("SET statement_timeout = 100")
        desk.collector.size.current = 4
        async with owner.transaction():
            await owner.execute("LOCK TABLE ledger.lot")
            await desk.go_round()
        assert (desk.sample("points_ledger_skipped_members", service="audit") or 0) >= 2
        assert (desk.sample("points_audit_failures_total", service="audit") or 0) >= 4
        await desk.connection.execute("SET statement_timeout = 4000")
        await desk.go_round()
        assert desk.sample("points_ledger_skipped_members", service="audit") == 0
        assert desk.sample("points_ledger_chain_verified_height", service="audit") == 2 * ENTRIES


async def test_one_leads_and_another_takes_over(database: Database) -> None:
    await filled(database, "ann")
    async with open_desk(database) as one, open_desk(database) as two:
        leading = asyncio.create_task(one.collector.run())
        await until(lambda: reads(one))
        standing_by = asyncio.create_task(two.collector.run())
        await until(lambda: two.sample("points_audit_leader", service="audit") == 0)
        await until_well(two)
        assert not reads(two)
        leading.cancel()
        await until(lambda: reads(two))
        assert two.sample("points_audit_leader", service="audit") == 1
        standing_by.cancel()
        await asyncio.wait({leading, standing_by})


def reads(desk: Desk) -> bool:
    return bool(desk.sample("points_audit_members_total", service="audit"))


async def until_well(desk: Desk) -> None:
    while await desk.collector.problem() is not None:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.005)


def slow(database: Database) -> AuditSettings:
    return settings_of(database).model_copy(update={"audit_pause_seconds": 3600.0})


async def test_a_round_is_followed_by_a_pause(database: Database) -> None:
    await filled(database, "ann")
    async with open_desk(database, slow) as desk:
        await desk.go_round()
        assert not await desk.collector.read_page(desk.connection)


async def test_the_role_reads_the_ledger_and_writes_its_own_notes_only(database: Database) -> None:
    async with connected(database, "jifen_audit") as audit:
        for statement in (
            "UPDATE ledger.account SET balance = 0",
            "DELETE FROM messaging.outbox",
            "INSERT INTO messaging.outbox (event_id) VALUES ('x')",
            "SELECT headers FROM messaging.outbox",
            "SELECT * FROM messaging.dead_letter",
            "SELECT * FROM earn.order_claim",
            "SELECT * FROM notify.message",
            "CREATE TABLE audit.mine (id int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await audit.execute(statement)
        assert await audit.fetch("SELECT * FROM audit.wrong") == []
