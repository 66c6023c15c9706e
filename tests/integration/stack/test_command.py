"""The `jifen` command without a stack: what it says, and how it exits."""

from pathlib import Path

import pytest

from tests.integration.stack.command import Command


@pytest.fixture
def jifen(tmp_path: Path) -> Command:
    return Command(home=tmp_path / "stack")


def test_status_of_no_stack_is_json_all_the_same(jifen: Command) -> None:
    code, found = jifen.status()
    assert code == 1
    assert found == {"kafka": {"bootstrap": None}, "database": {"url": None}, "services": {}}


def test_status_says_how_to_start(jifen: Command) -> None:
    done = jifen.run("status")
    assert done.returncode == 1
    assert "jifen up" in done.stderr
    assert "Traceback" not in done.stderr


def test_down_of_no_stack_is_no_error(jifen: Command) -> None:
    done = jifen.run("down")
    assert done.returncode == 0
    assert "not up" in done.stderr


@pytest.mark.parametrize("arguments", [["fly"], ["status", "--jason"], ["logs"], ["logs", "../x"]])
def test_a_wrong_argument_exits_2(jifen: Command, arguments: list[str]) -> None:
    done = jifen.run(*arguments)
    assert done.returncode == 2
    assert "Usage" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_state_that_cannot_be_read_is_not_overwritten(jifen: Command) -> None:
    jifen.home.mkdir()
    (jifen.home / "state.json").write_text("{")
    done = jifen.run("up")
    assert done.returncode == 1
    assert "state.json" in done.stderr
    assert (jifen.home / "state.json").read_text() == "{"
