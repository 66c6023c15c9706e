"""Every command explains itself, and says in one sentence what it misses."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jifen.cli.main import build
from tests.integration.cli.conftest import NOBODY, Jifen
from tests.integration.stack.command import Command
from tests.support.databases import Database

# Each command is a process of its own, and the machine may be busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

COMMANDS = (
    ("brake", "show"),
    ("brake", "release", "points-earn", "--by", "ann"),
    ("dead-letters", "list"),
    ("dead-letters", "show", "1"),
    ("dead-letters", "replay", "--all"),
    ("dead-letters", "dismiss", "1", "--by", "ann"),
    ("parked", "list"),
    ("program", "show"),
    ("trace", "o1"),
)
WRONG = (
    ("brake",),
    ("brake", "release", "points-earn"),
    ("brake", "release", "points-earn", "--by", " "),
    ("brake", "release", "nobody", "--by", "ann"),
    ("dead-letters", "show"),
    ("dead-letters", "show", "0"),
    ("dead-letters", "show", "one"),
    ("dead-letters", "show", str(2**63)),
    ("dead-letters", "replay"),
    ("dead-letters", "replay", "1", "--all"),
    ("dead-letters", "replay", "1", "--reason", "poison"),
    ("dead-letters", "list", "--limit", "0"),
    ("parked", "list", "--limit", "no"),
    ("program", "check"),
    ("trace",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_explains(command: tuple[str, ...]) -> None:
    names = [word for word in command[:2] if word.isidentifier() or "-" in word]
    words = names if names[0] != "trace" else ["trace"]
    result = CliRunner().invoke(build(), [*words, "--help"])
    assert result.exit_code == 0, result.output
    assert "." in result.output
    assert "--json" in result.output or words[0] in {"brake", "dead-letters", "program"}


@pytest.mark.parametrize("command", WRONG, ids=" ".join)
def test_wrong_arguments_exit_2(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(build(), list(command))
    assert result.exit_code == 2, result.output


@pytest.mark.parametrize("command", [COMMANDS[0], COMMANDS[4], COMMANDS[8]], ids=" ".join)
async def test_a_database_that_is_gone(tmp_path: Path, command: tuple[str, ...]) -> None:
    jifen = Jifen(
        command=Command(home=tmp_path / "stack"), database_url=f"postgresql://nobody@{NOBODY}/none"
    )
    said = await jifen.complains(*command)
    assert said.count("\n") == 1
    assert "PostgreSQL does not answer" in said


async def test_a_database_that_refuses(database: Database, jifen: Jifen) -> None:
    url = database.dsn().replace(database.name, "not_there")
    refused = replace(jifen, database_url=url)
    said = await refused.complains("brake", "show")
    assert said.count("\n") == 1
    assert "PostgreSQL refuses: " in said


async def test_no_stack_at_all(tmp_path: Path) -> None:
    done = Command(home=tmp_path / "stack").run("brake", "show")
    assert done.returncode == 1
    assert "jifen up" in done.stderr
