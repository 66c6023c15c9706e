"""`jifen brake show | release`: what stops a service before a bug drains its topics."""

from dataclasses import asdict
from typing import Annotated

import typer

from jifen.cli import context, tables
from shared.contract.topics import CONSUMED_BY
from shared.pipeline import operator
from shared.pipeline.operator import Brake


def register(app: typer.Typer) -> None:
    """Add the commands."""
    brake = typer.Typer(
        help="The brake: it stops a consumer group when too many records raise in our own code.",
        no_args_is_help=True,
    )
    brake.command("show")(_show)
    brake.command("release")(_release)
    app.add_typer(brake, name="brake")


def _show(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False
) -> None:
    """Say of each group whether its brake is engaged, since when, and why."""
    brakes = context.on_database(operator.show_brakes)
    if as_json:
        tables.say_json([asdict(brake) for brake in brakes])
    elif not brakes:
        tables.say("No brake was ever tripped.")
    for brake in () if as_json else brakes:
        tables.say_fields(_fields(brake))


def _release(
    group: Annotated[
        str, typer.Argument(metavar="GROUP", help="The consumer group, such as points-earn.")
    ],
    *,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides this.")],
) -> None:
    """Let a group consume again. First mend what tripped the brake, else it trips again.

    The service notices within a second. What was set aside meanwhile is told again by
    `jifen dead-letters replay --all --reason poison`.
    """
    if group not in CONSUMED_BY:
        known = ", ".join(CONSUMED_BY)
        raise typer.BadParameter(
            f"there is no group {group!r}; there are: {known}", param_hint="GROUP"
        )
    if not by.strip():
        raise typer.BadParameter("expected a name, got none", param_hint="--by")
    if context.on_database(operator.release_brake, group, by=by):
        tables.say(f"The brake of {group} is released.")
    else:
        tables.say(f"The brake of {group} is not engaged: nothing to release.")


def _fields(brake: Brake) -> list[tuple[str, str]]:
    fields = [
        ("group", brake.group),
        ("state", "ENGAGED: nothing is consumed" if brake.engaged else "released"),
        ("tripped", tables.instant(brake.tripped_at)),
        ("why", brake.detail),
        ("isolated", f"{brake.isolated_open} dead letters with reason poison are open"),
    ]
    if brake.released_at is not None:
        fields.append(("released", f"{tables.instant(brake.released_at)} by {brake.released_by}"))
    return fields
