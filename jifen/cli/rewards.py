"""`jifen rewards check | show | apply`: what points buy, and how much of it there is."""

import getpass
from typing import Annotated

import typer

from jifen.cli import context, documents, tables
from jifen.cli.context import CommandError
from shared.rewards import store
from shared.rewards.errors import RewardsError
from shared.rewards.load import parse
from shared.rewards.store import Standing


def register(app: typer.Typer) -> None:
    """Add the commands."""
    rewards = typer.Typer(
        help="The rewards: one YAML document with prices, stock and limits.", no_args_is_help=True
    )
    rewards.command("check")(_check)
    rewards.command("show")(_show)
    rewards.command("apply")(_apply)
    app.add_typer(rewards, name="rewards")


def _check(file: documents.File) -> None:
    """Check a rewards document; needs no stack.

    Prints every fault on a line of its own: its path, what was expected and what came. Exits 0
    when there is none, else 1.
    """
    rewards = documents.check(file, parse)
    tables.say(f"{file} states {len(rewards.rewards)} rewards.")


def _show(
    *,
    revision: documents.Number = None,
    stock: Annotated[
        bool, typer.Option("--stock", help="What is left of each instead, and what is taken.")
    ] = False,
) -> None:
    """Print the rewards as they were applied, comments and all; those in force if none is named.

    Their number and date come first, as comments: what is printed is a rewards document again.
    """
    if stock:
        _show_stock(context.on_database(store.read_stock))
        return
    found = context.on_database(store.read_document, revision)
    if found is None:
        which = "no rewards yet" if revision is None else f"no revision {revision} of the rewards"
        raise CommandError(f"there are {which}: see `jifen rewards apply --help`")
    documents.show(found)


def _apply(
    file: documents.File,
    *,
    by: documents.By = None,
) -> None:
    """Put a document in force at once: prices, limits, and stock raised or lowered to what it says.

    What is reserved or sold stays so; a stock below that is refused.
    """
    try:
        applied = context.on_database(store.apply, documents.read(file), by=by or getpass.getuser())
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
