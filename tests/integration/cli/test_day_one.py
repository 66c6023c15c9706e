"""What a merchant types on the first day: balances of another system, and points by hand."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.earn.app import make_app
from services.earn.counter import Counter
from services.mall.app import make_app as make_mall
from services.mall.store import MallStore
from shared.platform.health import Readiness
from shared.platform.http import Server
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.settings import DatabaseSettings
from shared.program.dates import local_day
from tests.integration.earn.desk import entries, now
from tests.integration.ledger.desk import audited
from tests.integration.stack.command import Command
from tests.support.databases import Database, owner_of
from tests.support.earning import give_program
from tests.support.tokens import SECRET, verifier

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

PAST = local_day(now(), "Asia/Shanghai") - timedelta(days=3)
HEADER = "member,points,expires_on"
LATE = "until 2099-12-31"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """The command with earn and the mall to ask, and no stack."""

    command: Command
    earn: str
    mall: str

    async def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(self.command.run, *arguments, JIFEN_AUTH_SECRET=SECRET)

    async def balances(self, file: Path, *more: str) -> subprocess.CompletedProcess[str]:
        return await self.run("import", "balances", str(file), "--url", self.earn, *more)

    async def adjust(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return await self.run("adjust", *arguments, "--url", self.earn)


@pytest.fixture
async def shell(database: Database, tmp_path: Path) -> AsyncIterator[Shell]:
    await give_program(database)
    earn, mall = (
        DatabaseSettings(url=SecretStr(database.dsn(role))) for role in ("jifen_earn", "jifen_mall")
    )
    async with (
        create_pool(earn, application_name="test", max_size=2) as earns,
        create_pool(mall, application_name="test", max_size=2) as malls,
    ):
        counter = Counter(earns, earn, daily_points=1_000)
        metrics = Metrics(CollectorRegistry(), "earn")
        store = MallStore(malls, Metrics(CollectorRegistry(), "mall"))
        async with (
            served(make_app(counter, Readiness({}), metrics, verifier())) as earn_url,
            served(make_mall(store, Readiness({}), metrics, verifier())) as mall_url,
        ):
            command = Command(home=tmp_path / "stack")
            yield Shell(command=command, earn=earn_url, mall=mall_url)


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    server = Server(app, host="127.0.0.1", port=0)
    await server.start()
    try:
        yield server.url
    finally:
        await server.stop()


def written(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "old-shop.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n")
    return file


async def test_balances_are_imported_once_and_a_changed_line_is_told(
    shell: Shell, database: Database, tmp_path: Path
) -> None:
    file = written(tmp_path, "m-1,100,2099-12-31", f"m-1,30,{PAST}", "m-2,5,", "m-3,0,")
    dry = await shell.balances(file, "--dry-run")
    assert dry.stdout == (
        "4 rows under old-shop: 4 new (135 points, 30 of them past their date),"
        " 0 imported before, 0 in conflict.\nThis was a dry run: nothing was written.\n"
    )
    assert await entries(database) == {}
    first = await shell.balances(file, "--by", "olga")
    assert (first.returncode, first.stderr) == (0, "")
    before = await entries(database)
    assert before["m-1"] == [
        ("import/old-shop/2", "adjusted", 100, 100),
        ("import/old-shop/3", "adjusted", 30, 130),
        (f"expiry/{PAST}/1", "expired", -30, 100),
    ]
    again = await shell.balances(file)
    assert "0 new (0 points), 4 imported before, 0 in conflict." in again.stdout
    changed = written(
        tmp_path, "m-1,101,2099-12-31", f"m-1,30,{PAST}", "m-9,5,", "m-3,0,", "m-4,7,"
    )
    said = await shell.balances(changed)
    assert said.returncode == 1
    assert said.stdout.splitlines() == [
        f"line 2: expected m-1 100 {LATE}, as it was imported, got m-1 101 {LATE}",
        "line 4: expected m-2 5 for ever, as it was imported, got m-9 5 for ever",
        "5 rows under old-shop: 1 new (7 points), 2 imported before, 2 in conflict.",
    ]
    after = await entries(database)
    assert after == {**before, "m-4": [("import/old-shop/6", "adjusted", 7, 7)]}
    assert (await audited(database)).wrong == 0


async def test_while_a_line_is_wrong_nothing_is_sent(
    shell: Shell, database: Database, tmp_path: Path
) -> None:
    said = await shell.balances(written(tmp_path, "m-1,100,", "m 2,1,", "m-3,x,"))
    assert said.returncode == 1
    assert said.stdout.splitlines() == [
        "line 3: member: expected 1 to 64 characters of A-Za-z0-9._:@-, got 'm 2'",
        "line 4: points: expected an integer from 0 to 1000000000, got 'x'",
        "2 of 3 lines are wrong: nothing was imported.",
    ]
    assert await entries(database) == {}
    none = await shell.balances(written(tmp_path), "--member", "会员")
    assert none.returncode == 1
    assert "expected columns 会员, got member, points, expires_on" in none.stderr


async def test_killed_half_way_it_is_run_again_and_nothing_counts_twice(
    shell: Shell, database: Database, tmp_path: Path
) -> None:
    lines = [f"m-{number % 900},{number % 50},2099-01-31" for number in range(12_000)]
    file = written(tmp_path, *lines)
    process = await asyncio.to_thread(
        shell.command.start,
        *("import", "balances", str(file), "--url", shell.earn),
        JIFEN_AUTH_SECRET=SECRET,
    )
    done = await wait_for_rows(database)
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.communicate)
    assert 0 < done < 12_000
    said = await shell.balances(file)
    assert said.returncode == 0, said.stderr
    repeated = int(said.stdout.split(" imported before")[0].rsplit(" ", 1)[1].replace(",", ""))
    assert done <= repeated < 12_000
    async with owner_of(database) as owner:
        told = await owner.fetchval("SELECT sum(points) FROM ledger.entry")
        assert await owner.fetchval("SELECT sum(balance) FROM ledger.account") == told
    assert told == sum(number % 50 for number in range(12_000))
    assert (await audited(database)).wrong == 0


async def wait_for_rows(database: Database) -> int:
    async with owner_of(database) as owner:
        for _ in range(1_500):
            found: int = await owner.fetchval("SELECT count(*) FROM earn.import_row")
            if found:
                return found
            await asyncio.sleep(0.02)
    raise AssertionError("no row came")


async def test_points_are_given_and_taken_by_hand_once_per_id(
    shell: Shell, database: Database
) -> None:
    given = await shell.adjust("m-1", "300", "--reason", "a late parcel", "--by", "olga")
    assert given.stdout == "m-1 got 300 points: balance 300, entry m-1/1.\n"
    name = given.stderr.removeprefix("adjustment ").strip()
    same = ("m-1", "300", "--reason", "a late parcel", "--by", "olga", "--id", name)
    assert (await shell.adjust(*same)).stdout == given.stdout
    taken = await shell.adjust("m-1", "-100", "--reason", "a mistake", "--by", "olga", "--json")
    assert json.loads(taken.stdout)["balance"] == 200
    [first, second] = (await entries(database))["m-1"]
    assert (first[0], second[2:]) == (f"adjustment/{name}", (-100, 200))
    for arguments, sentence in (
        (("m-1", "-201", "--reason", "x", "--by", "olga"), "needs 201, has 200, owes 0"),
        (("m-1", "601", "--reason", "x", "--by", "olga"), "limit 1000, used 400, asked 601"),
        (("m-2", *same[1:]), ""),
        (("m-1", "1", *same[2:]), "used before, with another body"),
        (("m 1", "1", "--reason", "x", "--by", "olga"), "MEMBER: expected 1 to 64"),
    ):
        said = await shell.adjust(*arguments)
        assert (said.returncode == 0) == (not sentence), said.stderr
        assert sentence in said.stderr
    fraud = ("m-1", "-201", "--reason", "fraud", "--by", "otto", "--allow-debt")
    assert "gave 201 points: balance -1, " in (await shell.adjust(*fraud)).stdout


async def test_an_account_and_its_entries_are_shown_as_the_member_sees_them(shell: Shell) -> None:
    await shell.adjust("m-1", "300", "--reason", "welcome", "--by", "olga", "--id", "a1")
    account = await shell.run("account", "m-1", "--url", shell.mall)
    assert account.stdout.splitlines()[1] == "balance      300"
    assert "300 until 20" in account.stdout
    listed = await shell.run("entries", "m-1", "--url", shell.mall, "--reasons")
    assert "+300" in listed.stdout
    assert '"note":"welcome"' in listed.stdout
    as_json = await shell.run("entries", "m-1", "--url", shell.mall, "--json")
    assert [one["cause"] for one in json.loads(as_json.stdout)] == ["adjustment/a1"]
    none = await shell.run("entries", "m-2", "--url", shell.mall)
    assert none.stdout == "Nothing has happened to m-2 yet.\n"


async def test_without_a_service_it_says_what_to_do(shell: Shell) -> None:
    said = await shell.run("account", "m-1")
    assert said.returncode == 1
    assert "start it with `jifen up`" in said.stderr
