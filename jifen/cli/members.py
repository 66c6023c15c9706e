"""`jifen account | entries`: a member's points, as the member sees them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Final

import orjson
import typer
from pydantic import BaseModel, JsonValue

from jifen.cli import context, tables
from jifen.cli.asking import Asked, an_id, asking

_HEADER: Final = ("POSTED", "SEQ", "KIND", "POINTS", "BALANCE", "CAUSE")
_PAGE: Final = 200

_Member = Annotated[str, typer.Argument(metavar="MEMBER", help="The member's id.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Url = Annotated[str | None, typer.Option("--url", help="Where the mall listens, if elsewhere.")]


class _Lot(BaseModel):
    expires_on: date | None
    points: int


class _Account(BaseModel):
    """What the mall says of an account."""

    balance: int
    spendable: int
    held: int
    debt: int
    expiring: list[_Lot]
    zone: str


class _Entry(BaseModel):
    """What the mall says of an entry."""

    seq: int
    cause: str
    kind: str
    points: int
    balance: int
    reason: JsonValue
    posted_at: datetime


class _Page(BaseModel):
    entries: list[_Entry]
    next_cursor: str | None


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("account")(_account)
    app.command("entries")(_entries)


def _account(member: _Member, *, as_json: _Json = False, url: _Url = None) -> None:
    """Say what a member has, what of it ends when, what is held and what is owed."""
    answer = context.run(_read_account(an_id(member, "MEMBER"), url))
    if as_json:
        tables.say_json(orjson.loads(answer))
        return
    account = _Account.model_validate_json(answer)
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


async def _read_account(member_id: str, url: str | None) -> bytes:
    async with asking("mall", url) as mall:
        return await mall.get(f"/v1/members/{member_id}/account")


async def _read_entries(member_id: str, limit: int, url: str | None) -> Sequence[_Entry]:
    async with asking("mall", url) as mall:
        return await _pages(mall, f"/v1/members/{member_id}/entries", limit)


async def _pages(mall: Asked, path: str, limit: int) -> Sequence[_Entry]:
    found: list[_Entry] = []
    more: Mapping[str, str] = {}
    while len(found) < limit:
        size = min(_PAGE, limit - len(found))
        page = _Page.model_validate_json(await mall.get(path, limit=size, **more))
        found += page.entries
        if page.next_cursor is None:
            break
        more = {"cursor": page.next_cursor}
    return found


def _row(entry: _Entry) -> tuple[str, ...]:
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
