"""`jifen program check | show | apply`: the merchant's rules, as numbered revisions."""

import getpass
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from jifen.cli import context, tables
from jifen.cli.context import CommandError
from shared.contract.types import INSTANT_PATTERN, parse_instant
from shared.pipeline import operator
from shared.pipeline.operator import AppliedProgram
from shared.program import store
from shared.program.errors import ProgramError
from shared.program.load import parse
from shared.program.revisions import Revision
from shared.program.store import RevisionRefusedError

_File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, readable=True, help="The program, in YAML."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    program = typer.Typer(
        help="The program: one YAML document with all rules, kept as numbered revisions.",
        no_args_is_help=True,
    )
    program.command("check")(_check)
    program.command("show")(_show)
    program.command("apply")(_apply)
    app.add_typer(program, name="program")


def _check(file: _File) -> None:
    """Check a program document; needs no stack.

    Prints every fault on a line of its own: its path, what was expected and what came. Exits 0
    when there is none, else 1.
    """
    try:
        program = parse(_text(file))
    except ProgramError as error:
        for fault in error.faults:
            tables.say(str(fault))
        raise typer.Exit(1) from None
    tables.say(f"{file} is a program, in the zone {program.zone}.")


def _show(
    *,
    revision: Annotated[
        int | None,
        typer.Option(
            "--revision", metavar="N", min=1, max=2**31 - 1, help="This one, not the one in force."
        ),
    ] = None,
) -> None:
    """Print a revision as it was applied, comments and all; the one in force where none is named.

    Its number and dates come first, as comments: what is printed is a program document again.
    """
    found = context.run(_read(revision))
    if found is None:
        which = "yet" if revision is None else str(revision)
        raise CommandError(f"there is no revision {which}: see `jifen program show`")
    since = tables.instant(found.effective_at) or "the beginning of time"
    tables.say(f"# revision {found.revision} of {found.newest}, in force from {since}")
    tables.say(f"# applied {tables.instant(found.applied_at)} by {found.applied_by}")
    tables.say(found.document.rstrip("\n"))


def _apply(
    file: _File,
    *,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="TIME",
            help="When it takes effect, at least 5 s ahead: RFC 3339 with a zone, as in"
            " 2026-01-31T09:30:00+08:00.",
        ),
    ],
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who applies it; you, if not given.")
    ] = None,
) -> None:
    """Make a document the next revision, in force from TIME on for what happens from then on."""
    effective_at = _instant(at)
    text = _text(file)
    try:
        revision = context.run(_write(text, effective_at, by or getpass.getuser()))
    except ProgramError as error:
        raise CommandError(f"{file} is no program:\n{error}") from None
    except RevisionRefusedError as error:
        raise CommandError("\n".join(error.objections)) from None
    tables.say(
        f"Revision {revision.number} takes effect at {tables.instant(revision.effective_at)}."
    )


def _instant(text: str) -> datetime:
    try:
        if re.match(INSTANT_PATTERN, text):
            return parse_instant(text)
    except ValueError:
        pass
    raise typer.BadParameter(
        f"expected an RFC 3339 time with a zone, as in 2026-01-31T09:30:00+08:00, got {text!r}",
        param_hint="--at",
    )


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: expected UTF-8, got {error.reason}") from None


async def _read(revision: int | None) -> AppliedProgram | None:
    async with context.connected() as connection:
        return await operator.read_program(connection, revision)


async def _write(text: str, at: datetime, by: str) -> Revision:
    async with context.connected() as connection:
        return await store.apply(connection, text, by=by, at=at)
