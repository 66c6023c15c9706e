"""`jifen parked list`: events that came before what they need."""

from dataclasses import asdict
from typing import Annotated

import typer

from jifen.cli import context, tables
from shared.pipeline import operator
from shared.pipeline.operator import ParkedEvent

_HEADER = ("ID", "PARKED", "MEMBER", "EVENT", "WAITS FOR", "RECORD")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    parked = typer.Typer(
        help="Parked events: they came before what they need, and apply as soon as it comes.",
        no_args_is_help=True,
    )
    # Without a second command typer would make the only one the group itself.
    parked.callback()(_group)
    parked.command("list")(_list)
    app.add_typer(parked, name="parked")


def _group() -> None:
    pass


def _list(
    *,
    abandoned: Annotated[
        bool,
        typer.Option(
            "--abandoned",
            help="Those that waited too long instead; they still apply if what they need comes.",
        ),
    ] = False,
    group: Annotated[
        str | None, typer.Option("--group", help="Of this consumer group only.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="The most to print.")
    ] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """List the events that wait, the oldest first, and what each waits for."""
    found = context.on_database(
        operator.list_parked, group=group, abandoned=abandoned, limit=limit + 1
    )
    shown = found[:limit]
    if as_json:
        tables.say_json([asdict(one) for one in shown])
        return
    if not shown:
        tables.say("No event was abandoned." if abandoned else "No event waits.")
        return
    tables.say_table(_HEADER, [_row(one) for one in shown])
    if len(found) > limit:
        context.messages.print(f"there are more than {limit}: raise --limit", highlight=False)


def _row(one: ParkedEvent) -> tuple[str, ...]:
    return (
        str(one.id),
        tables.instant(one.parked_at),
        one.member_id,
        one.cause,
        one.awaits,
        f"{one.topic}/{one.partition}@{one.offset}",
    )
