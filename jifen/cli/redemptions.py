"""`jifen redemptions list`: what members redeemed; the list for those who pack and send."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from jifen.cli import context, tables
from shared.rewards import store
from shared.rewards.store import Listed

_STATES: Final = ("reserved", "awaiting-payment", "to-ship", "shipped", "completed", "cancelled")
_HEADER: Final = (
    "SINCE",
    "STATE",
    "MEMBER",
    "REDEMPTION",
    "REWARD",
    "TITLE",
    "QUANTITY",
    "POINTS",
)
_CSV: Final = (
    "member_id",
    "redemption_id",
    "reward_id",
    "title",
    "quantity",
    "points",
    "status",
    "reason",
    "requested_at",
    "changed_at",
    "carrier",
    "tracking_no",
)
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    redemptions = typer.Typer(
        help="Redemptions: what members got for points.", no_args_is_help=True
    )
    # A group of one command would become that command.
    redemptions.callback()(lambda: None)
    redemptions.command("list")(_list)
    app.add_typer(redemptions, name="redemptions")


def _list(
    *,
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help=f"Which: {', '.join(_STATES)}.")
    ] = "to-ship",
    member: Annotated[
        str | None, typer.Option("--member", metavar="MEMBER", help="Only this member's.")
    ] = None,
    reward: Annotated[
        str | None, typer.Option("--reward", metavar="REWARD", help="Only of this reward.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = (
        1_000
    ),
    as_csv: Annotated[
        bool, typer.Option("--csv", help="As CSV for a spreadsheet or a warehouse.")
    ] = False,
) -> None:
    """List redemptions in one state, those that have been in it longest first.

    Without a state: what is to be packed and sent.
    """
    if state not in _STATES:
        raise typer.BadParameter(
            f"expected one of {', '.join(_STATES)}, got {state!r}", param_hint="--state"
        )
    found = context.on_database(
        store.list_redemptions, state=state, member_id=member, reward_id=reward, limit=limit
    )
    if as_csv:
        tables.say(_csv(found))
        return
    tables.say_table(_HEADER, [_row(one) for one in found])


def _row(one: Listed) -> Sequence[str]:
    return (
        tables.instant(one.changed_at),
        one.status,
        one.member_id,
        one.redemption_id,
        one.reward_id,
        one.title or "",
        str(one.quantity),
        str(one.points),
    )


def _csv(found: Sequence[Listed]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_CSV)
    for one in found:
        writer.writerow(
            [
                one.member_id,
                one.redemption_id,
                one.reward_id,
                _harmless(one.title),
                one.quantity,
                one.points,
                one.status,
                one.reason or "",
                tables.instant(one.requested_at),
                tables.instant(one.changed_at),
                _harmless(one.carrier),
                _harmless(one.tracking_no),
            ]
        )
    return written.getvalue().rstrip("\n")


def _harmless(text: str | None) -> str:
    """Keep text that others wrote from being run as a formula."""
    return f"'{text}" if text and text.startswith(_FORMULA) else text or ""
