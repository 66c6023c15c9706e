"""`jifen dead-letters list | show | replay | dismiss`: records that could not be applied."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from jifen.cli import context, tables
from jifen.cli.context import CommandError
from jifen.cli.letters import HEADER, document, fields, row, settled
from shared.pipeline import operator
from shared.pipeline.operator import Choice, DeadLetter, EntryLine, WholeLetter
from shared.pipeline.replay import Replay
from shared.platform.postgres import Connection

_LAST_ID = 2**63 - 1
_Ids = Annotated[
    list[int],
    typer.Argument(metavar="ID…", min=1, max=_LAST_ID, help="Numbers of dead letters."),
]
_Group = Annotated[str | None, typer.Option("--group", help="Of this consumer group only.")]
_Topic = Annotated[str | None, typer.Option("--topic", help="From this topic only.")]
_Reason = Annotated[
    str | None, typer.Option("--reason", help="For this reason only, such as poison.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    letters = typer.Typer(
        help="Dead letters: records that could not be applied, kept with their bytes and why.",
        no_args_is_help=True,
    )
    letters.command("list")(_list)
    letters.command("show")(_show)
    letters.command("replay")(_replay)
    letters.command("dismiss")(_dismiss)
    app.add_typer(letters, name="dead-letters")


def _list(
    *,
    group: _Group = None,
    topic: _Topic = None,
    reason: _Reason = None,
    closed: Annotated[
        bool, typer.Option("--closed", help="Also those replayed or dismissed already.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="The most to print.")
    ] = 50,
    as_json: _Json = False,
) -> None:
    """List dead letters, the newest first, and count them by reason."""
    choice = Choice(group=group, topic=topic, reason=reason, closed=closed)
    found, counts = context.on_database(_read_list, choice, limit)
    if as_json:
        tables.say_json([asdict(one) for one in found])
        return
    if not found:
        tables.say("There are no dead letters." if closed else "No dead letter is open.")
        return
    tables.say_table(HEADER, [row(one) for one in found])
    parts = ", ".join([f"{count} {reason}" for reason, count in counts.items()])
    shown = f"{len(found)} of {sum(counts.values())}"
    context.messages.print(f"{shown} shown; in all: {parts}", highlight=False, markup=False)


def _show(
    letter_id: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=_LAST_ID, help="Its number.")
    ],
    *,
    as_json: _Json = False,
) -> None:
    """Show one dead letter: why it is one, the record it was, and the entry it belongs to.

    Where the member has an entry for the same cause, that is shown too: for a conflict the
    telling that counted, after a replay what it came to.
    """
    one, entry = context.on_database(_read_one, letter_id)
    if as_json:
        tables.say_json(document(one, entry))
    else:
        tables.say_fields(fields(one, entry))


def _replay(
    ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="ID…", min=1, max=_LAST_ID, help="Numbers of dead letters."),
    ] = None,
    *,
    all_open: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Those already replayed or dismissed once more.")
    ] = False,
    group: _Group = None,
    topic: _Topic = None,
    reason: _Reason = None,
) -> None:
    """Send dead letters to the topics they came from, as they came.

    A record that meanwhile was applied otherwise is a duplicate and changes nothing; one that
    fails again becomes a new dead letter. Exits 1 when one could not be sent.
    """
    if bool(ids) == all_open:
        raise typer.BadParameter("expected numbers, or --all, and not both", param_hint="ID…")
    choice = Choice(group=group, topic=topic, reason=reason)
    if ids and choice != Choice():
        raise typer.BadParameter("--group, --topic and --reason go with --all", param_hint="ID…")
    refused = context.on_database(_send_again, ids or [], choice, again=again)
    for letter_id, why in refused.items():
        context.messages.print(f"{letter_id} can't be replayed: {why}", style="red")
    if refused:
        raise typer.Exit(1)


def _dismiss(
    ids: _Ids,
    *,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides this.")],
) -> None:
    """Settle dead letters that shall not be told again, such as a sender's mistake.

    They stay in the table with the name of who decided it, and leave the alert.
    """
    if not by.strip():
        raise typer.BadParameter("expected a name, got none", param_hint="--by")
    done = context.on_database(_settle, ids, by)
    for letter_id in ids:
        tables.say(f"{letter_id} {'dismissed' if letter_id in done else 'was settled already'}")


async def _read_list(
    connection: Connection, choice: Choice, limit: int
) -> tuple[list[DeadLetter], dict[str, int]]:
    found = await operator.list_dead_letters(connection, choice, limit=limit)
    return found, await operator.count_dead_letters(connection, choice)


async def _read_one(connection: Connection, letter_id: int) -> tuple[WholeLetter, EntryLine | None]:
    [one] = _all_of([letter_id], await operator.read_dead_letters(connection, [letter_id]))
    letter = one.letter
    if letter.member_id is None or letter.cause is None:
        return one, None
    return one, await operator.find_entry(connection, letter.member_id, letter.cause)


async def _settle(connection: Connection, ids: Sequence[int], by: str) -> set[int]:
    _all_of(ids, await operator.read_dead_letters(connection, ids))
    return await operator.dismiss(connection, ids, by=by)


async def _send_again(
    connection: Connection, ids: Sequence[int], choice: Choice, *, again: bool
) -> dict[int, str]:
    letters = await _to_send(connection, ids, again=again)
    if ids and not letters:
        return {}
    replay = Replay(connection, context.kafka())
    try:
        await replay.start()
        if ids:
            await replay.letters(letters)
        else:
            await replay.open_ones(choice)
    finally:
        await replay.close()
        if replay.sent:
            tables.say(f"{replay.sent} replayed")
    if not replay.sent and not replay.refused:
        tables.say("No dead letter is open.")
    return replay.refused


async def _to_send(
    connection: Connection, ids: Sequence[int], *, again: bool
) -> Sequence[WholeLetter]:
    letters = _all_of(ids, await operator.read_dead_letters(connection, ids))
    for one in letters:
        if one.letter.settled and not again:
            tables.say(f"{one.letter.id} was {settled(one.letter)}: --again sends it once more")
    return [one for one in letters if again or not one.letter.settled]


def _all_of(ids: Sequence[int], found: Sequence[WholeLetter]) -> Sequence[WholeLetter]:
    absent = sorted(set(ids) - {one.letter.id for one in found})
    if absent:
        numbers = ", ".join([str(one) for one in absent])
        raise CommandError(f"there is no dead letter {numbers}: see `jifen dead-letters list`")
    return found
