"""`jifen secrets`: a file for each secret of a deployment."""

import secrets
from pathlib import Path
from typing import Annotated, Final

import typer

from jifen.cli import tables
from jifen.cli.context import CommandError
from jifen.stack.postgres import OWNER
from jifen.stack.roles import SERVICE_ROLES

# Roles of the database, whose files hold their passwords; the key of tokens, the webhook's secret,
# and the dashboards' first password.
NAMES: Final = (OWNER, *SERVICE_ROLES, "token_key", "webhook_secret", "grafana_admin")
_BYTES = 32


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("secrets")(_secrets)


def _secrets(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made where there is none.")],
) -> None:
    """Make the secrets that are missing in a folder, which nobody else may enter.

    What is there stays as it is: a secret of yours is a file of its name.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        made = [name for name in NAMES if not (folder / name).exists()]
        for name in made:
            _make(folder / name)
    except OSError as error:
        raise CommandError(str(error)) from error
    tables.say(f"{folder}: {len(made)} secrets made, {len(NAMES) - len(made)} were there.")


def _make(file: Path) -> None:
    """Write a fresh secret, whole or not at all.

    Its folder keeps others on this machine from it. Containers get the file alone, and read it as
    whoever they run as.
    """
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(secrets.token_hex(_BYTES) + "\n")
    fresh.chmod(0o444)
    fresh.rename(file)
