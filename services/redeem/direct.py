"""Plain requests for a reward are answered before the framework: it costs more than deciding them.

Finding the route and what its endpoint wants took a third of a redemption's CPU time over HTTP.
What is not plain (a header twice, a body in parts, a field that is unknown, anything but a request)
goes the framework's way, and is answered or refused as everywhere.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.redeem.bodies import KEY_HEADER, KEY_PATTERN, MOST_KEY, MOST_TRACE, RequestBody
from shared.contract.types import Id
from shared.platform.auth.guards import acts_for_member
from shared.platform.problem import Problem, problem_response

_ID: Final = TypeAdapter[str](Id)
_KEY: Final = re.compile(KEY_PATTERN.encode())
_KEY_NAME: Final = KEY_HEADER.lower().encode()
_READ: Final = frozenset({_KEY_NAME, b"content-type", b"traceparent"})


class Plain(NamedTuple):
    """A request that may be decided."""

    member_id: str
    key: str
    body: RequestBody
    traceparent: str | None


Answer = Callable[[Plain], Awaitable[bytes]]
"""Has a request decided and returns its answer's JSON; raises Problem for a refusal."""


class Direct:
    """Middleware behind the check of tokens: takes the plain requests to a path, no others."""

    def __init__(self, app: ASGIApp, *, path: str, answer: Answer) -> None:
        """Take the route's path, whose one parameter is the member, and what answers."""
        self._app, self._answer = app, answer
        # As a route has it: requests are counted by it.
        self.path = path
        self._matches, _, _ = compile_path(path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain request; pass on everything else as it came."""
        asked = self._matches.match(scope["path"]) if scope.get("method") == "POST" else None
        if asked is None:
            await self._app(scope, receive, send)
            return
        scope["route"], scope["path_params"] = self, asked.groupdict()
        try:
            await acts_for_member(Request(scope))
            first = await receive()
            told = _read(asked["member_id"], scope, first)
            if told is None:
                await self._app(scope, _beginning_with(first, receive), send)
                return
            body = await self._answer(told)
        except Problem as problem:
            await problem_response(Request(scope), problem)(scope, receive, send)
            return
        await _send(body, send)


def read(member_id: str, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Plain | None:
    """Read a request, or leave it to the framework."""
    told = [(name, value) for name, value in headers if name in _READ]
    values = dict(told)
    key, trace = values.get(_KEY_NAME, b""), values.get(b"traceparent", b"")
    if (
        len(values) < len(told)
        or values.get(b"content-type") != b"application/json"
        or len(trace) > MOST_TRACE
        or len(key) > MOST_KEY
        or not _KEY.fullmatch(key)
    ):
        return None
    try:
        want = RequestBody.model_validate_json(body)
        traceparent = trace.decode("latin-1") or None
        return Plain(_ID.validate_python(member_id), key.decode(), want, traceparent)
    except ValidationError:
        return None


def _read(member_id: str, scope: Scope, first: Message) -> Plain | None:
    """Read a request whose body came in one piece."""
    if first.get("more_body"):
        return None
    return read(member_id, scope["headers"], first.get("body", b""))


def _beginning_with(first: Message, receive: Receive) -> Receive:
    """Return what hands out a message that was taken already, then the others."""
    taken = [first]

    async def again() -> Message:
        return taken.pop() if taken else await receive()

    return again


async def _send(body: bytes, send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": body})
