"""`jifen migrate | topics`: what a deployment runs once before its services start."""

from pathlib import Path
from typing import Annotated

import typer

from jifen.cli import tables
from jifen.cli.context import CommandError, endpoints, run
from jifen.stack import database
from jifen.stack.migrations import FOLDER
from jifen.stack.roles import SERVICE_ROLES
from jifen.stack.topics import ensure_topics
from shared.contract.topics import CONSUMED_BY, topics_for


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("migrate")(_migrate)
    app.command("topics")(_topics)


def _migrate(
    *,
    passwords: Annotated[
        Path | None,
        typer.Option(
            "--passwords",
            metavar="FOLDER",
            help="Holds a file for each role that may log in, named as the role is: jifen_earn …",
        ),
    ] = None,
    migrations: Annotated[
        Path,
        typer.Option(
            "--migrations", metavar="FOLDER", envvar="JIFEN_MIGRATIONS", help="Where they are."
        ),
    ] = FOLDER,
) -> None:
    """Bring the database to the newest schema; where it has no program, apply the default one."""
    found = _read_passwords(passwords) if passwords else {}
    url = endpoints().database_url
    run(database.prepare(url, found, by="jifen migrate", migrations=migrations))
    tables.say(f"The schema is the newest; {len(found)} roles have their passwords.")


def _topics() -> None:
    """Create the topics that are missing, with their partitions and settings."""
    run(ensure_topics(endpoints().kafka_bootstrap))
    tables.say(f"All {len(topics_for(CONSUMED_BY))} topics are there.")


def _read_passwords(folder: Path) -> dict[str, str]:
    """Read a password for each role that has a file; refuse a folder that has none."""
    files = [(role, folder / role) for role in SERVICE_ROLES]
    found = {role: file.read_text().strip() for role, file in files if file.is_file()}
    if not found:
        expected = ", ".join(SERVICE_ROLES)
        raise CommandError(f"{folder}: expected files named {expected}, found none of them")
    return found
