"""`jifen account | entries`: a member's points, as the member sees them."""

from collections.abc import Sequence
from typing import Annotated, Final

import orjson
import typer
from pydantic import JsonValue

from jifen.cli import context, tables
from jifen.cli.asking import an_id, asking
from jifen.client.mall import Account, Entry, Mall

_HEADER: Final = ("POSTED", "SEQ", "KIND", "POINTS", "BALANCE", "CAUSE")

_Member = Annotated[str, typer.Argument(metavar="MEMBER", help="The member's id.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Url = Annotated[str | None, typer.Option("--url", help="Where the mall listens, if elsewhere.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("account")(_account)
    app.command("entries")(_entries)


def _account(member: _Member, *, as_json: _Json = False, url: _Url = None) -> None:
    """Say what a member has, what of it ends when, what is held and what is owed."""
    account = context.run(_read_account(an_id(member, "MEMBER"), url))
    if as_json:
        tables.say_json(account.model_dump())
        return
    fields = [
        ("member", member),
        ("balance", f"{account.balance:,}"),
        ("spendable", f"{account.spendable:,}"),
        ("held", f"{account.held:,}"),
        ("debt", f"{account.debt:,}"),
    ]
    for lot in account.expiring:
        until = f"until {lot.expires_on} ({account.zone})" if lot.expires_on else "for ever"
        fields.append(("", f"{lot.points:,} {until}"))
    tables.say_fields(fields)


def _entries(
    member: _Member,
    *,
    reasons: Annotated[
        bool, typer.Option("--reasons", help="And why each is what it is, on a line below.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=100_000, help="The most to print.")
    ] = 50,
    as_json: _Json = False,
    url: _Url = None,
) -> None:
    """List a member's entries, the newest first."""
    found = context.run(_read_entries(an_id(member, "MEMBER"), limit, url))
    if as_json:
        tables.say_json([entry.model_dump() for entry in found])
    elif not found:
        tables.say(f"Nothing has happened to {member} yet.")
    elif reasons:
        for entry in found:
            tables.say("  ".join(_row(entry)))
            tables.say(f"    {_reason(entry.reason)}")
    else:
        tables.say_table(_HEADER, [_row(entry) for entry in found])


async def _read_account(member_id: str, url: str | None) -> Account:
    async with asking("mall", url) as mall:
        return await Mall(mall).account(member_id)


async def _read_entries(member_id: str, most: int, url: str | None) -> Sequence[Entry]:
    async with asking("mall", url) as mall:
        return await Mall(mall).entries(member_id, most=most)


def _row(entry: Entry) -> tuple[str, ...]:
    return (
        tables.instant(entry.posted_at),
        str(entry.seq),
        entry.kind,
        f"{entry.points:+}",
        str(entry.balance),
        entry.cause,
    )


def _reason(reason: JsonValue) -> str:
    return orjson.dumps(reason).decode()
