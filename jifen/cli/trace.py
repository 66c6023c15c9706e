"""`jifen trace`: what became of an order's events."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from jifen.cli import context, tables
from jifen.cli.context import CommandError
from jifen.cli.letters import entry_document, entry_line, settled
from shared.pipeline import operator
from shared.pipeline.operator import DeadLetter, EntryLine, ParkedEvent, Trace


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("trace")(_trace)


def _trace(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what became of an order's events: payment, refunds, and the bonus of whoever shared it.

    Each is applied (an entry of a member's ledger), parked (it waits for another event) or a
    dead letter. Also counts records that could not be decoded but spell the order's id. Exits 1
    when nothing is known of the order.
    """
    found = context.on_database(operator.trace, order)
    if as_json:
        tables.say_json(_document(found))
    elif found.known_tellings:
        for line in _lines(found):
            tables.say(line)
    if not found.known_tellings:
        raise CommandError(f"nothing is known of an order {order!r}: no event of it was consumed")


def _lines(found: Trace) -> Iterator[str]:
    owner = f"of member {found.member_id}" if found.member_id else "not paid yet"
    yield f"order {found.order_id} ({owner}), {_tellings(found)}"
    for entry in found.applied:
        yield from _applied(entry)
    for parked in found.parked:
        yield from _parked(parked)
    for letter in found.dead_letters:
        yield from _dead(letter)


def _tellings(found: Trace) -> str:
    counts = (
        ("applied", found.applied),
        ("parked", found.parked),
        ("dead", found.dead_letters),
    )
    parts = ", ".join([f"{len(rows)} {name}" for name, rows in counts if rows])
    tellings = "1 telling" if found.known_tellings == 1 else f"{found.known_tellings} tellings"
    return f"{tellings} known ({parts}); repeats leave no trace"


def _applied(entry: EntryLine) -> Iterator[str]:
    yield f"applied  {entry.cause}"
    yield f"         {entry_line(entry)}"


def _parked(parked: ParkedEvent) -> Iterator[str]:
    state = "abandoned, but still waits" if parked.abandoned_at else "waits"
    yield f"parked   {parked.cause}"
    yield (
        f"         of {parked.member_id}, {state} for {parked.awaits},"
        f" since {tables.instant(parked.parked_at)}"
    )


def _dead(letter: DeadLetter) -> Iterator[str]:
    yield f"dead     {letter.cause or 'could not be decoded, but spells the id'}"
    state = f", {settled(letter)}" if letter.settled else ""
    yield (
        f"         {letter.reason} at {tables.instant(letter.at)}{state}:"
        f" see `jifen dead-letters show {letter.id}`"
    )


def _document(found: Trace) -> dict[str, object]:
    return {
        "order": found.order_id,
        "member_id": found.member_id,
        "known_tellings": found.known_tellings,
        "applied": [entry_document(entry) for entry in found.applied],
        "parked": [asdict(parked) for parked in found.parked],
        "dead_letters": [asdict(letter) for letter in found.dead_letters],
    }
