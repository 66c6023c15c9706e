"""`jifen import balances`: what members had in another system."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from jifen.balances.rows import Fault, Form, Row, read
from jifen.balances.sending import Conflict, Summary, Value, send
from jifen.cli import context, tables
from jifen.cli.asking import an_id, asking, whoever_types
from jifen.cli.context import messages

_SHOWN: Final = 50
_FORM: Final = Form()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Taking over what another system had.", no_args_is_help=True)
    # A group of one command would become that command.
    group.callback()(lambda: None)
    group.command("balances")(_balances)
    app.add_typer(group, name="import")


def _balances(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help="With a header."
        ),
    ],
    *,
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch",
            metavar="NAME",
            help="Under this name each line counts once, for ever; the file's name if not given.",
        ),
    ] = None,
    member: Annotated[str, typer.Option(help="Column of the member's id.")] = _FORM.member,
    points: Annotated[str, typer.Option(help="Column of the points.")] = _FORM.points,
    expires: Annotated[
        str, typer.Option(help="Column of the last day to spend them; empty is never.")
    ] = _FORM.expires,
    date_format: Annotated[
        str | None, typer.Option(help="strptime's, as in '%d.%m.%Y'. Without it: ISO 8601.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="As in gb18030.")] = _FORM.encoding,
    delimiter: Annotated[str, typer.Option(help="One character; `tab` for a tab.")] = ",",
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who imports; you, if not given.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do all of it, and undo it: what would become of it.")
    ] = False,
    url: Annotated[
        str | None, typer.Option("--url", help="Where earn listens, if not in the stack.")
    ] = None,
) -> None:
    """Give members the points that a CSV says they have, one line one lot.

    While a line is wrong nothing is sent, and each such line is told. Told twice, a file changes
    nothing; killed half-way, run it again. A line that says something else than it did when it
    was imported is a conflict, and stays what it was. Exits 1 when a line is wrong or a conflict.
    """
    form = Form(
        member=member,
        points=points,
        expires=expires,
        date_format=date_format,
        encoding=encoding,
        delimiter="\t" if delimiter == "tab" else delimiter,
    )
    name = an_id(batch or file.stem, "--batch")
    rows, wrong = _check(file, form)
    if wrong:
        tables.say(f"{wrong:,} of {rows + wrong:,} lines are wrong: nothing was imported.")
        raise typer.Exit(1)
    who = an_id(by, "--by") if by else whoever_types()
    summary = context.run(_send(file, form, name, who, rows, url=url, dry_run=dry_run))
    _print(summary, name, dry_run=dry_run)
    if summary.conflicts:
        raise typer.Exit(1)


def _check(file: Path, form: Form) -> tuple[int, int]:
    """Read the whole file before any of it is sent; tell what is wrong, and count."""
    rows = wrong = 0
    for one in read(file, form):
        if isinstance(one, Row):
            rows += 1
            continue
        wrong += 1
        if wrong <= _SHOWN:
            tables.say(f"line {one.line}: {one.message}")
    if wrong > _SHOWN:
        tables.say(f"… and {wrong - _SHOWN:,} more lines")
    return rows, wrong


async def _send(
    file: Path, form: Form, batch: str, by: str, rows: int, *, url: str | None, dry_run: bool
) -> Summary:
    async with asking("earn", url, by=by) as earn:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=messages,
            transient=True,
            disable=not messages.is_terminal,
        ) as progress:
            task = progress.add_task("rows", total=rows)
            return await send(
                earn,
                batch,
                _rows(file, form),
                dry_run=dry_run,
                told=lambda done: progress.advance(task, done),
            )


def _rows(file: Path, form: Form) -> Iterator[Row]:
    for one in read(file, form):
        if isinstance(one, Fault):
            raise context.CommandError(f"{file} changed while it was read: line {one.line}")
        yield one


def _print(summary: Summary, batch: str, *, dry_run: bool) -> None:
    for conflict in summary.conflicts[:_SHOWN]:
        tables.say(_sentence(conflict))
    if len(summary.conflicts) > _SHOWN:
        tables.say(f"… and {len(summary.conflicts) - _SHOWN:,} more conflicts")
    expired = f", {summary.expired:,} of them past their date" if summary.expired else ""
    tables.say(
        f"{summary.rows:,} rows under {batch}: {summary.posted:,} new"
        f" ({summary.points:,} points{expired}), {summary.repeated:,} imported before,"
        f" {len(summary.conflicts):,} in conflict."
    )
    if dry_run:
        tables.say("This was a dry run: nothing was written.")


def _sentence(conflict: Conflict) -> str:
    return (
        f"line {conflict.row}: expected {_spelt(conflict.expected)}, as it was imported,"
        f" got {_spelt(conflict.got)}"
    )


def _spelt(value: Value) -> str:
    until = f"until {value.expires_on}" if value.expires_on else "for ever"
    return f"{value.member_id} {value.points} {until}"
