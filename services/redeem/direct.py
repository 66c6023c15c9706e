"""The route of requests reads the plain ones itself: the framework costs more than the decision.

Of the CPU time of a redemption over HTTP, finding out what the endpoint wants took a third and
deciding it with all that is read and written a sixth. What is not plain (a header twice, a field
that is unknown, anything to be refused) goes the framework's way, and is refused as everywhere.
"""

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, NamedTuple

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from services.redeem.bodies import KEY_HEADER, KEY_PATTERN, MOST_KEY, MOST_TRACE, RequestBody
from shared.contract.types import Id
from shared.platform.auth.guards import acts_for_member

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

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


class Direct(APIRoute):
    """Documented and guarded as all routes are; its endpoint takes the fields of `Plain`."""

    @override
    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        by_framework, endpoint = super().get_route_handler(), self.endpoint

        async def handle(request: Request) -> Response:
            await acts_for_member(request)
            told = read(request.path_params["member_id"], request.headers.raw, await request.body())
            if told is None:
                return await by_framework(request)
            answer: Response = await endpoint(*told)
            return answer

        return handle


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
