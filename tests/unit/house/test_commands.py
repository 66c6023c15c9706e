"""Whatever command a document names can be typed."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer

from jifen.cli.main import build
from tests.unit.house.repository import ROOT, code, name, pages

_JIFEN = re.compile(r"(?:^|[|;&] *)(?:\.venv/bin/)?jifen +([^|;&#]+)")
_MAKE = re.compile(r"(?:^|[|;&] *)make +([^|;&#]+)")
_NEGATIVE = re.compile(r"-[0-9]+")
_WORD = re.compile(r"[a-z][a-z-]*")


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_command_exists(page: Path) -> None:
    said = [found for piece in code(page) for found in _JIFEN.findall(piece)]
    faults = [_fault(shlex.split(words)) for words in said]
    assert not [fault for fault in faults if fault]


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_target_of_make_exists(page: Path) -> None:
    said = [found for piece in code(page) for found in _MAKE.findall(piece)]
    wanted = {word for words in said for word in words.split() if _WORD.fullmatch(word)}
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert not wanted - set(known)


def test_the_readme_begins_with_the_two_commands() -> None:
    for readme in ("README.md", "README.zh-CN.md"):
        lines = [_bare(line) for line in (ROOT / readme).read_text("utf-8").splitlines()]
        assert lines.index("make run") + 1 == lines.index("make test")


def test_both_readmes_name_the_same_commands() -> None:
    english, chinese = (
        {piece for piece in code(ROOT / readme) if piece.startswith(("jifen ", "make ", "JIFEN_"))}
        for readme in ("README.md", "README.zh-CN.md")
    )
    assert {_bare(one) for one in english} == {_bare(one) for one in chinese}


def test_a_command_that_is_not_there_is_noticed() -> None:
    assert _fault(["status", "--json"]) is None
    assert _fault(["logs", "earn", "--follow"]) is None
    assert _fault(["fly"]) == "jifen fly"
    assert _fault(["status", "--loudly"]) == "jifen status --loudly"


def _bare(said: str) -> str:
    return said.split("#", maxsplit=1)[0].strip()


def _fault(words: Sequence[str]) -> str | None:
    """Return what of a command line is not there, or None."""
    command = typer.main.get_command(build())
    path = "jifen"
    for word in words:
        if isinstance(command, typer.core.TyperGroup) and _WORD.fullmatch(word):
            path += f" {word}"
            if word not in command.commands:
                return path
            command = command.commands[word]
    known = {option for parameter in command.params for option in parameter.opts}
    options = [word for word in words if word.startswith("-") and not _NEGATIVE.fullmatch(word)]
    unknown = [word for word in options if word not in {*known, "--help"}]
    return f"{path} {unknown[0]}" if unknown else None
