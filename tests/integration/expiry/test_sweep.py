"""The sweep: what is past its date goes, once, by whomever, and nothing goes early."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from services.expiry import store
from services.expiry.pages import Pages
from services.expiry.store import At
from shared.ledger import store as ledger
from shared.ledger.book import Book, Today
from shared.ledger.entries import Cause, LotMove, MemberId, Telling
from shared.pipeline.errors import LostRaceError
from shared.pipeline.moment import moment_at
from shared.platform.postgres import Connection
from shared.program.revisions import Revisions
from shared.program.store import read_newer
from tests.integration.earn.desk import now
from tests.integration.expiry.desk import LONG_AGO, expired, give_lots, open_desk, open_points, rows
from tests.integration.ledger.desk import audited, connected
from tests.support.databases import Database, owner_of
from tests.support.own_clock import come_to, give_clock

pytestmark = pytest.mark.integration

ANN = MemberId("ann")
END = date(2026, 1, 31)
# Midnight in Shanghai after END.
OVER = datetime(2026, 1, 31, 16, tzinfo=UTC)
GRACE = timedelta(seconds=10)


async def test_a_lot_goes_when_its_day_is_over_in_the_programs_zone(database: Database) -> None:
    await give_clock(database)
    await give_lots(database, {"ann": [(END, 5), (END + timedelta(days=1), 7)], "bob": [(END, 3)]})
    await come_to(database, OVER + GRACE - timedelta(seconds=1))
    async with open_desk(database) as desk:
        await desk.work()
        assert await expired(database) == []
        await come_to(database, OVER + GRACE)
        await desk.work()
        assert await expired(database) == [
            ("ann", "expiry/2026-01-31/1", -5),
            ("bob", "expiry/2026-01-31/1", -3),
        ]
        assert desk.sample("points_posted_points_total", service="expiry", kind="expired") == 8
        await desk.work()
    (entry,) = await rows(
        database, "SELECT * FROM ledger.entry WHERE member_id = 'bob' AND kind = 'expired'"
    )
    assert entry["occurred_at"] == OVER
    (told,) = await rows(
        database,
        "SELECT * FROM messaging.outbox WHERE type = 'points.expired.v1' AND aggregateid = 'bob'",
    )
    assert told["aggregatetype"] == "points.v1"
    assert await open_points(database) == {"ann": {END + timedelta(days=1): 7}}
    assert not (await audited(database)).findings


async def test_years_of_downtime_are_caught_up_with(database: Database) -> None:
    dates = [date(2021, month, 28) for month in range(1, 13)]
    await give_lots(database, {f"m{n}": [(day, n + 1) for day in dates] for n in range(300)})
    async with open_desk(database) as desk:
        await desk.work()
    assert len(await expired(database)) == 300 * len(dates)
    assert await open_points(database) == {}
    assert not (await audited(database)).findings


async def test_what_never_expires_stays(database: Database) -> None:
    await give_lots(database, {"ann": [(date.max, 5), (date(2021, 1, 1), 1)]})
    async with open_desk(database) as desk:
        await desk.work()
    assert await open_points(database) == {"ann": {date.max: 5}}


async def test_what_is_held_stays_and_a_late_return_expires_at_once(database: Database) -> None:
    await give_lots(database, {"ann": [(END, 5)]})
    async with connected(database, "jifen_redeem") as redeem:
        await act(
            redeem, LONG_AGO, lambda book, told, today: book.debit(told, "redeemed", 4, {}, today)
        )
        async with open_desk(database) as desk:
            await desk.work()
            assert await expired(database) == [("ann", "expiry/2026-01-31/1", -1)]
            await act(
                redeem,
                now(),
                lambda book, told, today: book.credit(
                    told, "returned", [LotMove(END, 4)], {}, today
                ),
            )
            assert await expired(database) == [
                ("ann", "expiry/2026-01-31/1", -1),
                ("ann", "expiry/2026-01-31/2", -4),
            ]
            await rows(database, "UPDATE expiry.bucket SET after_date = '-infinity'")
            await desk.work()
    assert len(await expired(database)) == 2
    assert await open_points(database) == {}
    assert not (await audited(database)).findings


async def act(
    connection: Connection, at: datetime, do: Callable[[Book, Telling, Today], object]
) -> None:
    """Do something to ann's book at a time, as redeem would."""
    async with connection.transaction():
        books = await ledger.lock(connection, [ANN], [])
        await ledger.load(connection, books, [])
        today = moment_at(at, Revisions(await read_newer(connection, 0))).today
        cause = Cause(f"test/{books[ANN].seq + 1}")
        do(books[ANN], Telling(cause, sha256(cause.encode()).digest(), at, 1), today)
        await ledger.post(connection, books.values())


async def test_a_clock_that_goes_back_expires_nothing_and_loses_nothing(
    database: Database,
) -> None:
    await give_clock(database)
    await give_lots(database, {"ann": [(END, 5)]})
    await come_to(database, OVER + GRACE)
    async with open_desk(database) as desk:
        await desk.tick()
        await come_to(database, OVER - timedelta(hours=1))
        await desk.worker.work(desk.connection)
        assert await expired(database) == []
    await come_to(database, OVER + GRACE)
    async with open_desk(database) as desk:
        await desk.work()
    assert len(await expired(database)) == 1


async def test_a_worker_that_was_overtaken_writes_nothing(database: Database) -> None:
    await give_lots(database, {"ann": [(END, 5)]})
    async with open_desk(database) as desk, owner_of(database) as owner:
        await desk.tick()
        bucket = await owner.fetchval("SELECT expiry.bucket_of('ann')")
        state = await store.read_bucket(desk.connection, bucket)
        due = await store.find_due(desk.connection, bucket, state.at, state.sweep_to, 10)
        assert due == [At(END, "ann")]
        await owner.execute("UPDATE expiry.bucket SET after_date = '2026-01-01'")
        pages = Pages(Revisions(await read_newer(desk.connection, 0)))
        with pytest.raises(LostRaceError):
            await pages.sweep(desk.connection, bucket, state.at, due)
        assert await expired(database) == []
        await desk.work()
    assert len(await expired(database)) == 1


async def test_one_member_whose_rows_are_wrong_keeps_nothing_from_the_others(
    database: Database,
) -> None:
    names = [f"m{n}" for n in range(200)]
    await give_lots(database, {name: [(END, 5)] for name in names})
    async with owner_of(database) as owner:
        await owner.execute(
            "ALTER TABLE ledger.entry ADD CONSTRAINT mad CHECK (member_id <> 'm7') NOT VALID"
        )
        async with open_desk(database) as desk:
            await desk.work()
            assert list(await open_points(database)) == ["m7"]
            assert desk.sample("points_expiry_failures_total", service="expiry") == 1
            await owner.execute("ALTER TABLE ledger.entry DROP CONSTRAINT mad")
            await desk.work()
            assert list(await open_points(database)) == ["m7"], "it is left alone for a while"
            desk.worker._resting.clear()
            await desk.work()
    assert await open_points(database) == {}
    assert len(await expired(database)) == 200


async def test_workers_take_different_parts_and_leave_one_entry_each(database: Database) -> None:
    names = [f"m{n}" for n in range(3_000)]
    await give_lots(database, {name: [(END, 5)] for name in names})
    async with (
        open_desk(database) as one,
        open_desk(database) as two,
        open_desk(database) as three,
    ):
        await asyncio.gather(one.work(), two.work(), three.work())
        shares = [
            desk.sample("points_posted_points_total", service="expiry", kind="expired")
            for desk in (one, two, three)
        ]
    assert sum(shares) == 5 * len(names)
    assert min(shares) > 0
    assert len(await expired(database)) == len(names)
    assert not (await audited(database)).findings


async def test_the_lots_of_a_part_are_found_by_their_index(database: Database) -> None:
    async with owner_of(database) as owner:
        await owner.execute("SET enable_seqscan = off")
        await owner.execute("SET plan_cache_mode = force_generic_plan")
        await owner.execute(f"PREPARE due AS {store._SQL['find_due']}")
        plan = await owner.fetch("EXPLAIN EXECUTE due (1, '2026-01-01', 'a', '2026-02-01', 10)")
    text = "\n".join(row[0] for row in plan)
    assert "Index Scan using lot_expiry" in text
    assert "Sort" not in text
    condition = next(row[0] for row in plan if "Index Cond" in row[0])
    assert "ROW(expires_on, member_id) >" in condition
    assert "expires_on <=" in condition
