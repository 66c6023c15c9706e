"""`jifen token`: a token for asking the services."""

import re
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from jifen.cli.context import output
from jifen.stack import tokens
from jifen.stack.settings import StackSettings
from shared.platform.auth.principal import Name, Principal, Role

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
# Nothing takes a token back but another key.
_LONGEST_DAYS = 30


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("token")(_token)


def _token(
    *,
    member: Annotated[
        str | None, typer.Option(metavar="ID", help="For this member: its own, and no more.")
    ] = None,
    service: Annotated[
        bool, typer.Option("--service", help="For the shop's backend: any member.")
    ] = False,
    operator: Annotated[
        bool, typer.Option("--operator", help="For staff: the operators' routes, and reading.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who that service or operator is; the role otherwise."),
    ] = None,
    ttl: Annotated[
        str, typer.Option(metavar="TIME", help="How long it is good: 30s, 1h, 7d.")
    ] = "1h",
) -> None:
    """Print a token, alone: curl -H "Authorization: Bearer $(jifen token --service)" ...

    It is signed with the secret that JIFEN_AUTH_SECRET or JIFEN_AUTH_SECRET_FILE names, else with
    the key of the stack.
    """
    principal = _principal(member, name, service=service, operator=operator)
    token = tokens.sign(StackSettings().home, principal, ttl_seconds=_seconds(ttl))
    output.out(token, highlight=False)


def _principal(member: str | None, name: str | None, *, service: bool, operator: bool) -> Principal:
    if (member is not None) + service + operator != 1:
        raise typer.BadParameter("expected one of --member ID, --service and --operator")
    if member is not None and name is not None:
        raise typer.BadParameter("a member's name is its id", param_hint="--name")
    role: Role = "service" if service else "operator" if operator else "member"
    whose = name or role if member is None else member
    try:
        return Principal(role=role, name=TypeAdapter(Name).validate_python(whose))
    except ValidationError:
        raise typer.BadParameter(
            f"expected 1 to 64 characters of A-Za-z0-9._:@-, got {whose!r}"
        ) from None


def _seconds(ttl: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", ttl)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST_DAYS * _UNITS["d"]:
        raise typer.BadParameter(
            f"expected a number and one of s, m, h and d, up to {_LONGEST_DAYS}d, got {ttl!r}",
            param_hint="--ttl",
        )
    return seconds
