"""`jifen rewards check | show | apply`: what points buy, and how much of it there is."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from jifen.cli import context, tables
from jifen.cli.context import CommandError
from shared.rewards import store
from shared.rewards.errors import RewardsError
from shared.rewards.load import parse
from shared.rewards.store import Applied, AppliedRewards, Standing

_File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, readable=True, help="The rewards, in YAML."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    rewards = typer.Typer(
        help="The rewards: one YAML document with prices, stock and limits.", no_args_is_help=True
    )
    rewards.command("check")(_check)
    rewards.command("show")(_show)
    rewards.command("apply")(_apply)
    app.add_typer(rewards, name="rewards")


def _check(file: _File) -> None:
    """Check a rewards document; needs no stack.

    Prints every fault on a line of its own: its path, what was expected and what came. Exits 0
    when there is none, else 1.
    """
    try:
        rewards = parse(_text(file))
    except RewardsError as error:
        for fault in error.faults:
            tables.say(str(fault))
        raise typer.Exit(1) from None
    tables.say(f"{file} states {len(rewards.rewards)} rewards.")


def _show(
    *,
    revision: Annotated[
        int | None,
        typer.Option(
            "--revision", metavar="N", min=1, max=2**31 - 1, help="This one, not the one in force."
        ),
    ] = None,
    stock: Annotated[
        bool, typer.Option("--stock", help="What is left of each instead, and what is taken.")
    ] = False,
) -> None:
    """Print the rewards as they were applied, comments and all; those in force if none is named.

    Their number and date come first, as comments: what is printed is a rewards document again.
    """
    if stock:
        _show_stock(context.run(_read_stock()))
        return
    found = context.run(_read(revision))
    if found is None:
        which = "no rewards yet" if revision is None else f"no revision {revision} of the rewards"
        raise CommandError(f"there are {which}: see `jifen rewards apply --help`")
    tables.say(f"# revision {found.revision} of {found.newest}")
    tables.say(f"# applied {tables.instant(found.applied_at)} by {found.applied_by}")
    tables.say(found.document.rstrip("\n"))


def _apply(
    file: _File,
    *,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who applies it; you, if not given.")
    ] = None,
) -> None:
    """Put a document in force at once: prices, limits, and stock raised or lowered to what it says.

    What is reserved or sold stays so; a stock below that is refused.
    """
    try:
        applied = context.run(_write(_text(file), by or getpass.getuser()))
    except RewardsError as error:
        raise CommandError(f"{file} can't be applied:\n{error}") from None
    tables.say(f"Revision {applied.revision} is in force, with {applied.offered} rewards.")
    if applied.withdrawn:
        tables.say(f"No longer offered: {', '.join(applied.withdrawn)}.")


def _show_stock(standings: list[Standing]) -> None:
    tables.say_table(
        ("REWARD", "LEFT", "RESERVED", "SOLD", "TOTAL", "OFFERED"),
        [
            (
                one.reward_id,
                str(one.left),
                str(one.reserved),
                str(one.sold),
                str(one.total),
                "yes" if one.offered else "no",
            )
            for one in standings
        ],
    )


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: expected UTF-8, got {error.reason}") from None


async def _read(revision: int | None) -> AppliedRewards | None:
    async with context.connected() as connection:
        return await store.read_document(connection, revision)


async def _read_stock() -> list[Standing]:
    async with context.connected() as connection:
        return await store.read_stock(connection)


async def _write(text: str, by: str) -> Applied:
    async with context.connected() as connection:
        return await store.apply(connection, text, by=by)
