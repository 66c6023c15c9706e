"""The `jifen` command: each group of commands is a module of this package with `register(app)`."""

import logging
import pkgutil
import sys
from importlib import import_module
from typing import Protocol, cast

import typer

import jifen.cli
from jifen.cli.context import messages
from jifen.stack.errors import StackError

_NOT_COMMANDS = frozenset({"main", "asking", "context", "documents", "letters", "tables"})


class _Group(Protocol):
    """A module of this package that has commands."""

    def register(self, app: typer.Typer) -> None:
        """Add its commands."""


def build() -> typer.Typer:
    """Return the application with the commands of every module beside this one."""
    app = typer.Typer(
        name="jifen",
        help="Points for a mini-program: the stack, the program, the ledger.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for module in pkgutil.iter_modules(jifen.cli.__path__):
        if module.name not in _NOT_COMMANDS:
            cast("_Group", import_module(f"jifen.cli.{module.name}")).register(app)
    return app


def main() -> None:
    """Run the command; what a person can act on is one sentence, not a traceback."""
    # The client logs each attempt to reach a broker; the command says it once, in words.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        build()()
    except StackError as error:
        messages.print(f"jifen: {error}", style="red", markup=False, highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
