"""`jifen program`: rules are checked without a stack, and applied as numbered revisions."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.program.load import default_text
from tests.integration.cli.conftest import NOBODY, Jifen
from tests.integration.earn.desk import now
from tests.integration.stack.command import Command
from tests.support.databases import Database, owner_of
from tests.support.earning import give_program

# Each command is a process of its own, and the machine may be busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


TEXT = default_text().replace("ordered: 50", "ordered: 60")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A program of the merchant's: the default one with another bonus."""
    file = tmp_path / "program.yaml"
    assert default_text() != TEXT
    file.write_text(TEXT)
    return file


@pytest.fixture
def no_program(tmp_path: Path) -> Path:
    """A document with a fault."""
    file = tmp_path / "no-program.yaml"
    file.write_text("zone: Mars/Olympus\n")
    return file


@pytest.fixture
async def seeded(database: Database) -> Database:
    """A database with revision 1."""
    await give_program(database)
    return database


def text_of(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def test_check_needs_no_stack(tmp_path: Path, file: Path) -> None:
    done = Command(home=tmp_path / "no-stack").run("program", "check", str(file))
    assert done.returncode == 0, done.stderr
    assert "Asia/Shanghai" in done.stdout


def test_check_names_each_fault_on_its_line(tmp_path: Path, file: Path) -> None:
    file.write_text(file.read_text().replace("ordered: 60", "ordered: many\n    sold: 3"))
    done = Command(home=tmp_path / "no-stack").run("program", "check", str(file))
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first.startswith("earn.share.ordered: expected ")
    assert "got 'many'" in first
    assert second.startswith("earn.share.sold: unknown key")


def test_check_of_what_is_no_text(tmp_path: Path, file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    done = Command(home=tmp_path / "no-stack").run("program", "check", str(file))
    assert done.returncode == 1
    assert "expected UTF-8" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "no-such-file.yaml"],
        ["show", "--revision", "0"],
        ["apply", "pyproject.toml"],
        ["apply", "pyproject.toml", "--at", "tomorrow"],
        ["apply", "pyproject.toml", "--at", "2030-01-01T00:00:00"],
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: list[str]) -> None:
    done = Command(home=tmp_path / "no-stack").run("program", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


async def test_show_prints_what_was_applied(seeded: Database, jifen: Jifen) -> None:
    assert seeded.name in jifen.database_url
    shown = (await jifen.prints("program", "show")).splitlines()
    assert shown[0] == "# revision 1 of 1, in force from the beginning of time"
    assert shown[1].endswith("by test")
    assert "\n".join(shown[2:]) == default_text().rstrip("\n")
    assert "no revision 9" in await jifen.complains("program", "show", "--revision", "9")


async def test_show_without_a_program(jifen: Jifen) -> None:
    assert "no revision" in await jifen.complains("program", "show")


async def test_apply_makes_the_next_revision(seeded: Database, jifen: Jifen, file: Path) -> None:
    at = text_of(now() + timedelta(hours=1))
    said = await jifen.prints("program", "apply", str(file), "--at", at, "--by", "ann")
    assert said.startswith("Revision 2 takes effect at ")
    assert "revision 1 of 2" in await jifen.prints("program", "show")
    shown = await jifen.prints("program", "show", "--revision", "2")
    assert TEXT.rstrip() in shown
    assert " by ann\n" in shown
    async with owner_of(seeded) as owner:
        kept = await owner.fetchrow("SELECT * FROM program.revision WHERE revision = 2")
    assert kept is not None
    assert kept["document"] == TEXT
    assert kept["effective_at"].isoformat(timespec="seconds") == at


@pytest.mark.usefixtures("seeded")
async def test_apply_refuses_a_time_too_near(jifen: Jifen, file: Path) -> None:
    soon = text_of(now() + timedelta(seconds=2))
    said = await jifen.complains("program", "apply", str(file), "--at", soon)
    assert "effective time: expected " in said
    assert "or later, got " in said


@pytest.mark.usefixtures("seeded")
async def test_apply_refuses_what_is_no_program(jifen: Jifen, no_program: Path) -> None:
    at = text_of(now() + timedelta(hours=1))
    said = await jifen.complains("program", "apply", str(no_program), "--at", at)
    assert "zone: expected " in said


async def test_apply_without_a_database(tmp_path: Path, file: Path) -> None:
    jifen = Jifen(
        command=Command(home=tmp_path / "stack"), database_url=f"postgresql://nobody@{NOBODY}/none"
    )
    said = await jifen.complains("program", "apply", str(file), "--at", "2030-01-01T00:00:00Z")
    assert "PostgreSQL does not answer" in said
    assert len(said.splitlines()) == 1
