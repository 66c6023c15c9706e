"""Asking the services' routes, as whoever types the command."""

import asyncio
import getpass
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import httpx
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from jifen.cli import context
from jifen.cli.context import CommandError
from jifen.stack import tokens
from jifen.stack.settings import StackSettings
from shared.contract.types import Id
from shared.platform.auth.principal import Principal, Role
from shared.platform.backoff import Backoff

_TIMEOUT_SECONDS: Final = 10.0
_TOKEN_SECONDS: Final = 3_600
_TRIES: Final = 6
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9._:@-]")
_ID: Final = TypeAdapter(Id)


class _Refusal(BaseModel):
    """What a service says when it refuses."""

    title: str
    code: str
    detail: str | None = None
    figures: dict[str, JsonValue] | None = None


class RefusedError(CommandError):
    """A service refuses; `code` says why to programs."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Asked:
    """One service, behind its routes. What is asked here can be asked again: it is tried so."""

    def __init__(self, service: str, client: httpx.AsyncClient) -> None:
        self._service, self._client = service, client

    async def get(self, path: str, **query: str | int) -> bytes:
        """Read; raises CommandError."""
        return await self._ask("GET", path, query, None, {})

    async def post(self, path: str, body: bytes, **headers: str) -> bytes:
        """Have something done that has a name of its own; raises CommandError."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._ask("POST", path, {}, body, told)

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> bytes:
        backoff, problem = Backoff(first_seconds=0.2, cap_seconds=2.0), ""
        told = {"Content-Type": "application/json", **headers} if body is not None else headers
        for _ in range(_TRIES):
            try:
                answer = await self._client.request(
                    method, path, params=query, content=body, headers=told
                )
            except httpx.HTTPError as error:
                problem = f"does not answer ({type(error).__name__})"
            else:
                if answer.is_success:
                    return answer.content
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    raise _refused(self._service, answer)
                problem = "can't answer at the moment"
            await asyncio.sleep(backoff.next_seconds())
        raise CommandError(
            f"{self._service} {problem}: see `jifen status` and `jifen logs {self._service}`"
        )


@asynccontextmanager
async def asking(
    service: str, url: str | None, *, role: Role = "operator", by: str | None = None
) -> AsyncIterator[Asked]:
    """Yield a service to ask, at a URL or where the stack has it, with a token of that role."""
    principal = Principal(role=role, name=by or whoever_types())
    token = tokens.sign(StackSettings().home, principal, ttl_seconds=_TOKEN_SECONDS)
    async with httpx.AsyncClient(
        base_url=url or _address(service),
        headers={"Authorization": f"Bearer {token}"},
        timeout=_TIMEOUT_SECONDS,
        trust_env=False,
    ) as client:
        yield Asked(service, client)


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


def _refused(service: str, answer: httpx.Response) -> CommandError:
    try:
        refusal = _Refusal.model_validate_json(answer.content)
    except ValidationError:
        return CommandError(f"{service} answers {answer.status_code}")
    figures = [f"{name} {value}" for name, value in (refusal.figures or {}).items()]
    said = [refusal.title, *([refusal.detail] if refusal.detail else []), ", ".join(figures)]
    return RefusedError(": ".join([one for one in said if one]), refusal.code)
