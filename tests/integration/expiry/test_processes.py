"""The service itself: killed, several at once, beside earn on the same members, asked for runs."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest

from shared.platform.clock import monotonic, utc_now
from shared.program.dates import local_day
from tests.chaos.kills import caught
from tests.integration.consuming.crew import Place, Service
from tests.integration.earn.desk import teller
from tests.integration.expiry.desk import (
    announced,
    expired,
    give_lots,
    open_points,
    reminders,
    rows,
)
from tests.integration.ledger.desk import audited
from tests.support.databases import Database
from tests.support.stack import Home
from tests.support.tokens import SECRET, bearer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

PAST = date(2025, 12, 31)
PATIENCE_SECONDS = 90
_OPEN = "SELECT 1 FROM expiry.bucket WHERE after_date <= sweep_to OR sweep_to = '-infinity'"
_SWEPT = "SELECT count(*) AS entries FROM ledger.entry WHERE kind = 'expired'"


def soon() -> date:
    """A date whose stage of 7 days is due, whatever hour the test runs at."""
    return local_day(utc_now(), "Asia/Shanghai") + timedelta(days=5)


def members(count: int) -> dict[str, list[tuple[date, int]]]:
    return {f"m{n}": [(PAST, 5), (soon(), 3)] for n in range(count)}


@asynccontextmanager
async def running(database: Database, folder: Path, **settings: str) -> AsyncIterator[Service]:
    place = Place(urls={"expiry": database.dsn("jifen_expiry")}, bootstrap="none:1", folder=folder)
    environment = {"JIFEN_AUTH_SECRET": SECRET, "JIFEN_EXPIRY_REMIND_FROM_HOUR": "0", **settings}
    async with place.service("expiry", **environment) as service:
        yield service


async def until_swept(database: Database) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while await rows(database, _OPEN):
        assert monotonic() < deadline, "the sweep never ended"
        await asyncio.sleep(0.05)


async def swept(database: Database) -> int:
    (row,) = await rows(database, _SWEPT)
    return int(row["entries"])


async def everything_went_once(database: Database, count: int) -> None:
    assert len(await expired(database)) == count
    assert {cause for _, cause, _ in await expired(database)} == {f"expiry/{PAST}/1"}
    assert await open_points(database) == {f"m{n}": {soon(): 3} for n in range(count)}
    told = {(member, day, stage) for member, day, stage, _ in await reminders(database)}
    assert told == {(f"m{n}", soon(), 7) for n in range(count)}
    events = [row["event_id"] for row in await announced(database)]
    assert sorted(events) == sorted(f"{member}/{day}/{stage}" for member, day, stage in told)
    assert not (await audited(database)).findings


async def test_ten_thousand_members_and_kills_in_the_middle(database: Database, home: Home) -> None:
    count, kills, in_flight, chance = 10_000, 4, 0, Random(7)  # noqa: S311
    await give_lots(database, members(count))
    for kill in range(kills):
        async with running(database, home.folder) as expiry:
            while await swept(database) < kill * count // (kills + 2) + 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            in_flight += sum(await caught(database, chance, expiry))
    assert await swept(database) < count
    async with running(database, home.folder) as one, running(database, home.folder) as two:
        await until_swept(database)
        await asyncio.gather(one.until_ready(), two.until_ready())
        await asyncio.gather(one.drain(), two.drain())
    assert in_flight * 2 >= kills, f"too few of {kills} kills hit a page: {in_flight}"
    await everything_went_once(database, count)


async def test_a_stopped_process_loses_its_parts_to_another(database: Database, home: Home) -> None:
    await give_lots(database, members(3_000))
    async with running(database, home.folder) as one:
        while not await swept(database):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        one.send(signal.SIGSTOP)
        async with running(database, home.folder) as two:
            await until_swept(database)
            one.send(signal.SIGCONT)
            await two.until_ready()
            await one.until_ready()
            await two.drain()
        await one.drain()
    await everything_went_once(database, 3_000)


async def test_earning_on_the_same_members_goes_on(database: Database, home: Home) -> None:
    count = 2_000
    await give_lots(database, {f"m{n}": [(PAST, 5)] for n in range(count)})
    earn = await teller(database, batch=100)
    orders = [
        (
            "order.paid.v1",
            {
                "order_id": f"o{turn}-{n}",
                "member_id": f"m{n}",
                "paid_at": datetime.now(UTC).isoformat(),  # noqa: TID251 - as a shop would
                "currency": "CNY",
                "lines": [{"line_id": "1", "sku": "mug", "quantity": 1, "paid_minor": 1_000}],
            },
        )
        for turn in range(2)
        for n in range(count - 1, -1, -1)
    ]
    async with running(database, home.folder) as one, running(database, home.folder) as two:
        telling = asyncio.create_task(earn.tell(orders))
        await until_swept(database)
        await telling
        await asyncio.gather(one.drain(), two.drain())
    await earn.writer.close()
    assert len(await expired(database)) == count
    (sums,) = await rows(
        database,
        "SELECT sum(balance)::bigint AS left, sum(earned)::bigint AS earned FROM ledger.account",
    )
    assert (sums["left"], sums["earned"]) == (20 * count, 25 * count)
    assert not (await audited(database)).findings


async def test_an_operator_asks_for_a_run(database: Database, home: Home) -> None:
    await give_lots(database, members(20))
    async with running(database, home.folder) as expiry:
        await expiry.until_ready()
        await until_swept(database)
        await rows(database, "UPDATE ledger.lot SET points = 5 WHERE expires_on = $1", PAST)
        await rows(database, "UPDATE ledger.account SET balance = 8, earned = earned + 5")
        asked = f"{expiry.url}/v1/expiry/runs"
        async with httpx.AsyncClient() as client:
            for role in ("member", "service"):
                answer = await client.post(asked, json={}, headers=bearer(role))
                assert answer.status_code == 403
            tomorrow = str(soon())
            answer = await client.post(asked, json={"as_of": tomorrow}, headers=bearer("operator"))
            assert (answer.status_code, answer.json()["code"]) == (422, "as-of-in-future")
            answer = await client.post(asked, json={}, headers=bearer("operator", "joe"))
        assert answer.status_code == 202
        assert answer.json()["requested_by"] == "joe"
        deadline = monotonic() + PATIENCE_SECONDS
        while await rows(database, "SELECT 1 FROM expiry.run WHERE finished_at IS NULL"):
            assert monotonic() < deadline
            await asyncio.sleep(0.05)
    assert {cause for _, cause, _ in await expired(database)} == {
        f"expiry/{PAST}/1",
        f"expiry/{PAST}/2",
    }
