"""`jifen epoch show | raise`: which life of the ledger this is; a restore begins another."""

import typer

from jifen.cli import context, tables
from shared.pipeline import operator


def register(app: typer.Typer) -> None:
    """Add the commands."""
    epoch = typer.Typer(
        help="The ledger's epoch, the last part of each id on points.v1: raised after a restore.",
        no_args_is_help=True,
    )
    epoch.command("show")(_show)
    epoch.command("raise")(_raise)
    app.add_typer(epoch, name="epoch")


def _show() -> None:
    """Print the epoch."""
    tables.say(str(context.on_database(operator.read_epoch)))


def _raise() -> None:
    """Raise the epoch by one: once after a restore, before the services start again.

    Each member's sequence numbers go on from where the backup was, so some are used a second time:
    the epoch tells those entries from the lost ones. Raised once too often, it does no harm.
    """
    epoch = context.on_database(operator.raise_epoch)
    tables.say(f"The epoch was {epoch - 1} and is {epoch} now.")
