"""`jifen redeem`: a reward for a member, at a counter."""

import secrets
from datetime import date, datetime
from typing import Annotated, Final

import orjson
import typer
from pydantic import BaseModel, JsonValue

from jifen.cli import context, tables
from jifen.cli.asking import RefusedError, an_id, asking
from jifen.cli.context import CommandError, messages

_KEY_BYTES: Final = 8


class _Lot(BaseModel):
    expires_on: date | None
    points: int


class _Quote(BaseModel):
    """What redeem says a request would come to."""

    title: str | None = None
    points: int | None = None
    lots: list[_Lot] = []
    balance_after: int | None = None
    reason: str | None = None
    figures: dict[str, JsonValue] | None = None


class _Redeemed(BaseModel):
    """What redeem answers."""

    redemption_id: str
    status: str
    points: int
    balance: int
    reserved_until: datetime | None = None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("redeem")(_redeem)


def _redeem(
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="For whom.")],
    reward: Annotated[str, typer.Argument(metavar="REWARD", help="The reward's id.")],
    *,
    quantity: Annotated[int, typer.Option("--quantity", min=1, help="How many pieces.")] = 1,
    reserve: Annotated[
        bool, typer.Option("--reserve", help="Only reserve: it is confirmed later, or released.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask first.")] = False,
    key: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Repeat this one, if it did not get through."),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Where redeem listens, if not in the stack.")
    ] = None,
) -> None:
    """Take a reward for a member: shows what it costs, asks, and takes points and pieces at once.

    The same id counts once, and gets the first answer again.
    """
    member_id, reward_id = an_id(member, "MEMBER"), an_id(reward, "REWARD")
    wanted: dict[str, object] = {"reward_id": reward_id, "quantity": quantity}
    if key is None and not yes:
        _show(context.run(_quote(member_id, wanted, url)))
        typer.confirm("Take it?", abort=True, err=True)
    name = an_id(key, "--id") if key else secrets.token_hex(_KEY_BYTES)
    messages.print(f"request {name}", highlight=False, markup=False)
    done = context.run(_request(member_id, {**wanted, "confirm": not reserve}, name, url))
    until = f", until {tables.instant(done.reserved_until)}" if done.reserved_until else ""
    tables.say(
        f"{done.redemption_id} is {done.status}{until}: {done.points:,} points,"
        f" balance {done.balance:,}."
    )


def _show(quote: _Quote) -> None:
    if quote.reason is not None:
        figures = ", ".join([f"{name} {value}" for name, value in (quote.figures or {}).items()])
        raise CommandError(f"it would be refused: {quote.reason} ({figures})")
    messages.print(
        f"{quote.title}: {quote.points or 0:,} points, balance after it {quote.balance_after:,}",
        highlight=False,
        markup=False,
    )
    for lot in quote.lots:
        until = f"that end on {lot.expires_on}" if lot.expires_on else "that never end"
        messages.print(f"  {lot.points:,} {until}", highlight=False, markup=False)


async def _quote(member_id: str, wanted: dict[str, object], url: str | None) -> _Quote:
    async with asking("redeem", url, role="service") as redeem:
        path = f"/v1/members/{member_id}/redemptions/quote"
        return _Quote.model_validate_json(await redeem.post(path, orjson.dumps(wanted)))


async def _request(
    member_id: str, wanted: dict[str, object], key: str, url: str | None
) -> _Redeemed:
    async with asking("redeem", url, role="service") as redeem:
        path = f"/v1/members/{member_id}/redemptions"
        try:
            answer = await redeem.post(path, orjson.dumps(wanted), Idempotency_Key=key)
        except RefusedError:
            raise
        except CommandError as error:
            raise CommandError(
                f"{error}\nIt may have got through: repeat it with --id {key}"
            ) from None
    return _Redeemed.model_validate_json(answer)
