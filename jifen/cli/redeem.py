"""`jifen redeem`: a reward for a member, at a counter."""

import secrets
from typing import Annotated, Final

import typer

from jifen.cli import context, tables
from jifen.cli.asking import an_id, asking, repeatable
from jifen.cli.context import CommandError, messages
from jifen.client.redeem import Counter, Quote, Redemption

_KEY_BYTES: Final = 8


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
    if key is None and not yes:
        _show(context.run(_quote(member_id, reward_id, quantity, url)))
        typer.confirm("Take it?", abort=True, err=True)
    name = an_id(key, "--id") if key else secrets.token_hex(_KEY_BYTES)
    messages.print(f"request {name}", highlight=False, markup=False)
    done = context.run(
        _take(member_id, reward_id, name, url, quantity=quantity, confirm=not reserve)
    )
    until = f", until {tables.instant(done.reserved_until)}" if done.reserved_until else ""
    tables.say(
        f"{done.redemption_id} is {done.status}{until}: {done.points:,} points,"
        f" balance {done.balance or 0:,}."
    )


def _show(quote: Quote) -> None:
    if quote.reason is not None:
        figures = ", ".join([f"{name} {value}" for name, value in quote.figures.items()])
        raise CommandError(f"it would be refused: {quote.reason} ({figures})")
    messages.print(
        f"{quote.title}: {quote.points or 0:,} points, balance after it {quote.balance_after:,}",
        highlight=False,
        markup=False,
    )
    for lot in quote.lots:
        until = f"that end on {lot.expires_on}" if lot.expires_on else "that never end"
        messages.print(f"  {lot.points:,} {until}", highlight=False, markup=False)


async def _quote(member_id: str, reward_id: str, quantity: int, url: str | None) -> Quote:
    async with asking("redeem", url, role="service") as redeem:
        return await Counter(redeem, member_id).quote(reward_id, quantity)


async def _take(
    member_id: str, reward_id: str, key: str, url: str | None, *, quantity: int, confirm: bool
) -> Redemption:
    with repeatable(key):
        async with asking("redeem", url, role="service") as redeem:
            counter = Counter(redeem, member_id)
            return await counter.take(reward_id, key, quantity=quantity, confirm=confirm)
