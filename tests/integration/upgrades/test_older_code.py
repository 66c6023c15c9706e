"""The services as they were before the newest migration, while it is applied under them."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from jifen.stack.migrations import FOLDER, migrate
from tests.integration.upgrades.schemas import before, database_of, newest
from tests.integration.upgrades.trickle import trickling
from tests.support.brokers import KafkaHandle
from tests.support.databases import PostgresHandle
from tests.support.stack import Home

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ROOT: Final = Path(__file__).parents[3]


async def test_older_services_do_not_notice_the_newest_migration(
    postgres: PostgresHandle, kafka: KafkaHandle, home: Home, tmp_path: Path
) -> None:
    code = _code_before(newest(), tmp_path / "code")
    # Not the checkout that they are started in, but the folder of the older code.
    elsewhere = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(code)}
    assert _imported(elsewhere).is_relative_to(code)
    async with (
        database_of(postgres, before(newest(), tmp_path / "older")) as database,
        trickling(database, kafka, home, **elsewhere) as trickle,
    ):
        await asyncio.to_thread(migrate, database.dsn(), FOLDER)
        await trickle.until_more()
        await trickle.untroubled()


def _code_before(version: str, folder: Path) -> Path:
    """Take the services out of the last commit before a migration; skip where history ends."""
    if shutil.which("git") is None:
        pytest.skip("no git: the code before the newest migration can't be had")
    [migration] = FOLDER.glob(f"{version}_*.sql")
    added = _git("log", "--diff-filter=A", "-1", "--format=%H", "--", str(migration))
    if not added.stdout.strip():
        pytest.skip(f"{migration.name} is in no commit yet, or this is no checkout")
    archive = folder.with_suffix(".tar")
    parent = f"{added.stdout.strip()}^"
    taken = _git("archive", "-o", str(archive), parent, "services", "shared")
    if taken.returncode != 0:
        pytest.skip(f"a shallow clone: it has nothing before {migration.name}")
    folder.mkdir()
    subprocess.run(["tar", "-xf", str(archive), "-C", str(folder)], check=True)  # noqa: S607
    return folder


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],  # noqa: S607
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


def _imported(environment: dict[str, str]) -> Path:
    """Tell where a process with this environment finds the services."""
    done = subprocess.run(
        [sys.executable, "-c", "import services; print(services.__file__)"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(done.stdout.strip())
