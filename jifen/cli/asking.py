"""Asking the services' routes, as whoever types the command."""

import getpass
import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Final

from pydantic import TypeAdapter, ValidationError

from jifen.cli import context
from jifen.cli.context import CommandError
from jifen.client.asked import Asked, SilentError, asked
from jifen.stack import tokens
from jifen.stack.settings import StackSettings
from shared.contract.types import Id
from shared.platform.auth.principal import Principal, Role

_TOKEN_SECONDS: Final = 3_600
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9._:@-]")
_ID: Final = TypeAdapter(Id)


def asking(
    service: str, url: str | None = None, *, role: Role = "operator", by: str | None = None
) -> AbstractAsyncContextManager[Asked]:
    """Enter a service to ask, at a URL or where the stack has it, with a token of that role."""
    principal = Principal(role=role, name=by or whoever_types())
    token = tokens.sign(StackSettings().home, principal, ttl_seconds=_TOKEN_SECONDS)
    return asked(service, url or _address(service), token)


@contextmanager
def repeatable(name: str) -> Iterator[None]:
    """Say how to ask again for what has a name, where nothing was answered."""
    try:
        yield
    except SilentError as error:
        message = f"{error}\nIt may have got through: repeat it with --id {name}"
        raise CommandError(message) from None


def whoever_types() -> str:
    """Return the name of who runs the command, as a token may carry it."""
    return _NO_NAME.sub("-", getpass.getuser())[:64] or "operator"


def an_id(text: str, what: str) -> str:
    """Return a text that is an id, as members, rewards and names are; raises CommandError."""
    try:
        return _ID.validate_python(text)
    except ValidationError:
        raise CommandError(
            f"{what}: expected 1 to 64 characters of A-Za-z0-9._:@-, got {text!r}"
        ) from None


def _address(service: str) -> str:
    url = context.endpoints().service_urls.get(service)
    if url is None:
        raise CommandError(f"no {service} service runs in this stack: name one with --url")
    return url
