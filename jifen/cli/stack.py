"""`jifen up | down | status | logs`: the embedded stack."""

import asyncio
import json
from typing import Annotated

import typer

from jifen.cli.context import CommandError, messages, output
from jifen.stack.health import Status, status
from jifen.stack.logs import follow, last_lines
from jifen.stack.progress import Progress
from jifen.stack.settings import StackSettings
from jifen.stack.supervisor import LOGS


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(_up)
    app.command("down")(_down)
    app.command("status")(_status)
    app.command("logs")(_logs)


def _up() -> None:
    """Start what is not running, and wait until all of it is ready."""
    from jifen.stack import lifecycle  # noqa: PLC0415  # heavy, and the other commands don't need it

    settings = StackSettings()
    lifecycle.up(settings, Progress(messages), _say_waiting)
    _print(asyncio.run(status(settings.home)))


def _down(
    *,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="And delete all it holds: every point, for good.")
    ] = False,
) -> None:
    """Stop the stack, services first. The data stays unless told otherwise."""
    from jifen.stack import lifecycle  # noqa: PLC0415  # as above

    settings = StackSettings()
    was_up = lifecycle.down(settings, _say_waiting, delete_data=delete_data)
    messages.print("The stack is down." if was_up else "The stack was not up.")


def _status(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> None:
    """Say where everything is and whether it is ready; exit 0 only when all of it is."""
    found = asyncio.run(status(StackSettings().home))
    if as_json:
        output.out(json.dumps(_as_json(found)), highlight=False)
    else:
        _print(found)
    if not found.ready:
        raise typer.Exit(1)


def _logs(
    name: Annotated[str, typer.Argument(metavar="SERVICE", help="earn, kafka, postgres …")],
    *,
    followed: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many, from the end.")
    ] = 50,
) -> None:
    """Print the end of a process's log."""
    folder = StackSettings().home / LOGS
    file = folder / f"{name}.log"
    if not file.is_file() or file.parent != folder:
        known = ", ".join(sorted(path.stem for path in folder.glob("*.log")))
        raise typer.BadParameter(
            f"there is no log of {name!r}; there are: {known}" if known else "no logs yet",
            param_hint="SERVICE",
        )
    text, position = last_lines(file, lines)
    output.out(text, end="", highlight=False)
    if followed:
        follow(file, position, lambda more: output.out(more, end="", highlight=False))


def _as_json(found: Status) -> dict[str, object]:
    return {
        "kafka": {"bootstrap": found.bootstrap},
        "database": {"url": found.database_url},
        "services": {
            name: {"url": service.url, "pid": service.pid, "ready": not service.problem}
            for name, service in found.services.items()
        },
    }


def _print(found: Status) -> None:
    if found.bootstrap is not None:
        rows = [
            ("kafka", found.bootstrap, "" if found.kafka_answers else "does not answer"),
            ("database", found.database_url, "" if found.database_answers else "does not answer"),
            *((name, service.url, service.problem) for name, service in found.services.items()),
        ]
        for name, where, problem in rows:
            output.out(f"{name:10} {where}  {problem or 'ready'}", highlight=False)
    if not found.anything_up:
        raise CommandError("the stack is not up: start it with `jifen up`")


def _say_waiting() -> None:
    messages.print("another `jifen` is at work on this stack: waiting for it")
