"""What commands over a document have in common: it is checked, applied and shown as a revision."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

import typer

from jifen.cli import tables
from jifen.cli.context import CommandError
from shared.pipeline.operator import AppliedProgram
from shared.program.errors import DocumentError
from shared.rewards.store import AppliedRewards

T = TypeVar("T")

File: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, readable=True, help="The document, in YAML."
    ),
]
Number: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--revision", metavar="N", min=1, max=2**31 - 1, help="This one, not the one in force."
    ),
]
By: TypeAlias = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who applies it; you, if not given.")
]


def read(file: Path) -> str:
    """Return a document's text."""
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: expected UTF-8, got {error.reason}") from None


def check(file: Path, parse: Callable[[str], T]) -> T:
    """Return what a document states; print its faults and exit where it has any."""
    try:
        return parse(read(file))
    except DocumentError as error:
        for fault in error.faults:
            tables.say(str(fault))
        raise typer.Exit(1) from None


def show(found: AppliedProgram | AppliedRewards, since: str = "") -> None:
    """Print a revision as it was applied, after what is known of it: a document again."""
    tables.say(f"# revision {found.revision} of {found.newest}{since}")
    tables.say(f"# applied {tables.instant(found.applied_at)} by {found.applied_by}")
    tables.say(found.document.rstrip("\n"))
