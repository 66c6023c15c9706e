"""What docs/runbooks/restore.md tells to type, typed: after it nothing is lost and all agrees."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from jifen.stack.postgres import binaries
from jifen.stack.users import give
from tests.chaos.servers import copy_data, own_postgres
from tests.integration.cli.conftest import Jifen
from tests.integration.consuming.shop import Books, open_books, place_of, send, world_of
from tests.integration.relay.outbox import records_of
from tests.integration.stack.command import Command
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle
from tests.support.model import stories
from tests.support.stack import Home

# Each command is a process of its own, and the machine may be busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

TOLD = stories(91, members=40, events=900, contested=False)
BEFORE, LOST = 400, 700

Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """PostgreSQL's own programs."""

    folder: Path

    async def run(self, program: str, *arguments: str) -> None:
        """Run one to its end, which must be a good one."""
        command = [str(self.folder / program), *arguments]
        done = await asyncio.to_thread(
            subprocess.run, command, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def tools(home: Home) -> Tools:
    return Tools(folder=binaries(home.folder, None))


async def test_a_dump(
    *,
    database: Database,
    postgres: PostgresHandle,
    kafka: KafkaHandle,
    home: Home,
    jifen: Jifen,
    tools: Tools,
    tmp_path: Path,
) -> None:
    books = await open_books(database, kafka)
    url, server, dump = database.dsn(), postgres.dsn(), str(tmp_path / "jifen.dump")

    async def backup() -> None:
        await tools.run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={url}")
        roles = f"--file={tmp_path / 'roles.sql'}"
        await tools.run("pg_dumpall", "--roles-only", roles, f"--dbname={server}")

    async def restore() -> None:
        lost = f"{database.name}_lost"
        for what in (
            f"ALTER DATABASE {database.name} RENAME TO {lost}",
            f"CREATE DATABASE {database.name}",
        ):
            await tools.run("psql", f"--dbname={server}", "--command", what)
        await tools.run("pg_restore", "--exit-on-error", f"--dbname={url}", dump)
        await tools.run("psql", f"--dbname={server}", "--command", f"DROP DATABASE {lost}")

    await lose_and_restore(books, home, jifen, backup, restore)


async def test_a_base_backup(kafka: KafkaHandle, home: Home, tools: Tools, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        victim = stack.enter_context(own_postgres(home, "restored"))
        books = await stack.enter_async_context(victim.books(kafka))
        url, copy = books.database.dsn(), tmp_path / "backup"

        async def backup() -> None:
            how = ("--checkpoint=fast", "--wal-method=stream")
            await tools.run("pg_basebackup", f"--dbname={url}", f"--pgdata={copy}", *how)
            await tools.run("pg_verifybackup", str(copy))

        async def restore() -> None:
            victim.server.stop()
            for path in (copy, *copy.rglob("*")):
                give(path, home.run_as)
            copy_data(copy, victim.server.config.data)
            victim.server.start()

        jifen = Jifen(command=Command(home=tmp_path / "stack"), database_url=url)
        await lose_and_restore(books, home, jifen, backup, restore)


async def lose_and_restore(
    books: Books, home: Home, jifen: Jifen, backup: Step, restore: Step
) -> None:
    """Back up, earn on, lose that, restore, raise the epoch, and let everything be told again."""
    place = place_of(books, home.folder)
    async with place.service("relay"), place.service("earn") as earn:
        await asyncio.to_thread(send, books.bootstrap, TOLD[:BEFORE])
        await books.until_done()
        await backup()
        await asyncio.to_thread(send, books.bootstrap, TOLD[BEFORE:LOST], first=BEFORE)
        await books.until_done()
        await earn.drain()
    await restore()
    assert await jifen.prints("epoch", "raise") == "The epoch was 1 and is 2 now.\n"
    assert await jifen.prints("epoch", "show") == "2\n"
    assert (await jifen.prints_json("audit", "verify"))["clean"]
    async with place.service("relay"), place.service("earn"):
        await asyncio.to_thread(send, books.bootstrap, TOLD[LOST:], first=LOST)
        await books.until_done()
    await books.check(world_of(TOLD), published=False)
    assert (await jifen.prints_json("audit", "verify"))["clean"]
    rows = await books.fetch("SELECT member_id, balance FROM ledger.account WHERE balance <> 0")
    published = await balances_published(books)
    assert {row["member_id"]: row["balance"] for row in rows}.items() <= published.items()


async def balances_published(books: Books) -> dict[str, int]:
    """Say what somebody believes who follows points.v1: a higher epoch is newer than any seq."""
    newest: dict[str, tuple[int, int]] = {}
    balances: dict[str, int] = {}
    epochs = set()
    for record in await records_of(books.bootstrap, "points.v1"):
        assert record.value is not None
        event, headers = json.loads(record.value), dict(record.headers)
        *_, epoch = (headers["ce_id"] or b"").decode().split("/")
        epochs.add(epoch)
        seen = (int(epoch), event["seq"])
        if seen > newest.get(event["member_id"], (0, 0)):
            newest[event["member_id"]] = seen
            balances[event["member_id"]] = event["balance"]
    assert epochs == {"1", "2"}
    return balances
