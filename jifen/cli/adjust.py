"""`jifen adjust`: points by hand."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import typer
from pydantic import BaseModel

from jifen.cli import context, tables
from jifen.cli.asking import an_id, asking, repeatable
from jifen.cli.context import messages

_ID_BYTES: Final = 8


class _Adjusted(BaseModel):
    """What earn answers."""

    adjustment_id: str
    member_id: str
    entry_id: str
    points: int
    balance: int
    posted_at: datetime


def register(app: typer.Typer) -> None:
    """Add the command."""
    # Points to take begin with a dash, and are no option.
    app.command("adjust", context_settings={"ignore_unknown_options": True})(_adjust)


def _adjust(
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="Whose points.")],
    points: Annotated[
        int, typer.Argument(metavar="POINTS", help="To give; with a minus, to take.")
    ],
    *,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why: the member reads it.")
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides this.")],
    allow_debt: Annotated[
        bool,
        typer.Option(
            "--allow-debt", help="Take more than there is; the member owes what is missing."
        ),
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", help="Repeat this adjustment, in case it did not get through."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    url: Annotated[
        str | None, typer.Option("--url", help="Where earn listens, if not in the stack.")
    ] = None,
) -> None:
    """Give or take points by hand: an entry like any other, with a reason and a name.

    Earn bounds what one name may adjust in a day (JIFEN_ADJUST_DAILY_POINTS). No more is taken
    than there is, unless a debt is allowed. An adjustment with the same id counts once.
    """
    member_id, who = an_id(member, "MEMBER"), an_id(by, "--by")
    adjustment_id = an_id(name, "--id") if name else secrets.token_hex(_ID_BYTES)
    messages.print(f"adjustment {adjustment_id}", highlight=False, markup=False)
    body = {"points": points, "reason": reason, "allow_debt": allow_debt}
    done = context.run(_ask(member_id, adjustment_id, body, by=who, url=url))
    if as_json:
        tables.say_json(done.model_dump())
        return
    what = f"got {points:,}" if points > 0 else f"gave {-points:,}"
    tables.say(f"{member_id} {what} points: balance {done.balance:,}, entry {done.entry_id}.")


async def _ask(
    member_id: str, adjustment_id: str, body: Mapping[str, object], *, by: str, url: str | None
) -> _Adjusted:
    with repeatable(adjustment_id):
        async with asking("earn", url, by=by) as earn:
            path = f"/v1/members/{member_id}/adjustments"
            return await earn.post(_Adjusted, path, body, Idempotency_Key=adjustment_id)
