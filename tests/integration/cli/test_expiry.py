"""`jifen expiry`: what would go is shown, and is what goes; a run is asked of the service."""

from datetime import timedelta

import pytest

from shared.platform.clock import utc_now
from shared.program.dates import local_day
from tests.integration.cli.conftest import Jifen
from tests.integration.expiry.desk import expired, give_lots, open_desk, reminders
from tests.integration.expiry.test_processes import PAST, running, soon
from tests.support.databases import Database
from tests.support.stack import Home
from tests.support.tokens import SECRET

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


async def test_what_is_shown_is_what_goes(jifen: Jifen, database: Database) -> None:
    await give_lots(
        database,
        {"ann": [(PAST, 5), (soon(), 3)], "bob": [(PAST, 1)], "cat": [(soon(), 4)]},
    )
    shown = await jifen.prints_json("expiry", "run", "--dry-run")
    assert shown["due"] == {str(PAST): {"members": 2, "points": 6}}
    assert shown["reminders"]["7"] == {"members": 2, "points": 7}
    assert shown["reminders"]["30"] == {"members": 0, "points": 0}
    assert await expired(database) == []
    text = await jifen.prints("expiry", "run", "--dry-run")
    assert "6 points of 2 lots are past their date" in text
    async with open_desk(database) as desk:
        await desk.work()
    assert len(await expired(database)) == 2
    assert [stage for _, _, stage, _ in await reminders(database)] == [7, 7]
    assert (await jifen.prints_json("expiry", "run", "--dry-run"))["due"] == {}


async def test_a_real_run_prints_no_json(jifen: Jifen) -> None:
    assert "expected --dry-run with it" in await jifen.complains("expiry", "run", "--json", code=2)


async def test_a_day_to_come_can_be_looked_at(jifen: Jifen, database: Database) -> None:
    await give_lots(database, {"ann": [(soon(), 3)]})
    async with open_desk(database) as desk:
        await desk.work()
    later = str(soon() + timedelta(days=1))
    shown = await jifen.prints_json("expiry", "run", "--dry-run", "--as-of", later)
    assert shown["due"] == {str(soon()): {"members": 1, "points": 3}}
    assert shown["skipped"]["1"] == {"members": 1, "points": 3}
    eve = str(soon() - timedelta(days=1))
    shown = await jifen.prints_json("expiry", "run", "--dry-run", "--as-of", eve)
    assert shown["reminders"]["1"] == {"members": 1, "points": 3}


async def test_the_status_says_how_far_it_is(jifen: Jifen, database: Database) -> None:
    assert "no program" in await jifen.complains("expiry", "status")
    await give_lots(database, {"ann": [(PAST, 5)]})
    said = await jifen.prints("expiry", "status")
    assert f"5 points in 1 lots, the oldest of {PAST}" in said
    assert "NONE: is expiry running?" in said
    async with open_desk(database) as desk:
        await desk.work()
    today = local_day(utc_now(), "Asia/Shanghai")
    status = await jifen.prints_json("expiry", "status")
    assert (status["overdue"], status["open_parts"], status["skipped"]) == ({}, 0, 0)
    assert status["planned_through"] == str(today)


async def test_a_run_is_asked_of_the_service(
    jifen: Jifen, database: Database, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIFEN_AUTH_SECRET", SECRET)
    await give_lots(database, {"ann": [(PAST, 5)]})
    assert "name one with --url" in await jifen.complains("expiry", "run")
    nobody = "http://127.0.0.1:1"
    assert "does not answer" in await jifen.complains("expiry", "run", "--url", nobody)
    async with running(database, home.folder) as expiry:
        await expiry.until_ready()
        refused = await jifen.complains(
            "expiry", "run", "--as-of", str(soon()), "--url", expiry.url
        )
        assert "The day has not come" in refused
        said = await jifen.prints("expiry", "run", "--url", expiry.url)
        assert "has begun" in said
        (run,) = (await jifen.prints_json("expiry", "status"))["runs"]
        assert run["run_id"] == 1
    await jifen.complains("expiry", "run", "--as-of", "soon", code=2)
