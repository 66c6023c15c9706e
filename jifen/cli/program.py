"""`jifen program check | show | apply`: the merchant's rules, as numbered revisions."""

import getpass
import re
from datetime import datetime
from typing import Annotated

import typer

from jifen.cli import context, documents, tables
from jifen.cli.context import CommandError
from shared.contract.types import INSTANT_PATTERN, parse_instant
from shared.pipeline import operator
from shared.program import store
from shared.program.errors import ProgramError
from shared.program.load import parse
from shared.program.store import RevisionRefusedError


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


def _check(file: documents.File) -> None:
    """Check a program document; needs no stack.

    Prints every fault on a line of its own: its path, what was expected and what came. Exits 0
    when there is none, else 1.
    """
    program = documents.check(file, parse)
    tables.say(f"{file} is a program, in the zone {program.zone}.")


def _show(
    *,
    revision: documents.Number = None,
) -> None:
    """Print a revision as it was applied, comments and all; the one in force where none is named.

    Its number and dates come first, as comments: what is printed is a program document again.
    """
    found = context.on_database(operator.read_program, revision)
    if found is None:
        which = "yet" if revision is None else str(revision)
        raise CommandError(f"there is no revision {which}: see `jifen program show`")
    since = tables.instant(found.effective_at) or "the beginning of time"
    documents.show(found, f", in force from {since}")


def _apply(
    file: documents.File,
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
    by: documents.By = None,
) -> None:
    """Make a document the next revision, in force from TIME on for what happens from then on."""
    effective_at = _instant(at)
    text = documents.read(file)
    try:
        revision = context.on_database(
            store.apply, text, by=by or getpass.getuser(), at=effective_at
        )
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
