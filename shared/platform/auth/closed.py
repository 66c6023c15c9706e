"""The door: nothing but what is public is reached without a token that verifies."""

from collections.abc import Collection
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.platform.auth.errors import Reason, TokenError
from shared.platform.auth.principal import Principal
from shared.platform.auth.verifier import Verifier
from shared.platform.metrics import Metrics
from shared.platform.problem import Problem, problem_response

_SCHEME: Final = b"bearer"
_CHALLENGE: Final = 'Bearer realm="jifen"'


class Closed:
    """Middleware that lets a request in when it has a token or asks for what is public.

    It comes before routing and before the body is read: without a token every address looks the
    same, whether there is anything behind it or not.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        verifier: Verifier | None,
        public: Collection[str],
        metrics: Metrics,
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._public = public
        self._refused = metrics.http_tokens_refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401."""
        if scope["type"] not in {"http", "lifespan"}:
            raise RuntimeError(f"{scope['type']} is not served")
        if scope["type"] == "lifespan" or scope["path"] in self._public:
            await self._app(scope, receive, send)
            return
        try:
            scope.setdefault("state", {})["principal"] = self._who(scope)
        except TokenError as error:
            self._refused.labels(error.reason).inc()
            refusal = problem_response(Request(scope), _problem(error.reason))
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _who(self, scope: Scope) -> Principal:
        """Return who asks; raises TokenError."""
        told = [value for name, value in scope["headers"] if name == b"authorization"]
        if not told:
            raise TokenError("missing")
        scheme, _, token = told[0].partition(b" ")
        if len(told) > 1 or scheme.lower() != _SCHEME:
            raise TokenError("malformed")
        if self._verifier is None:
            raise TokenError("unknown-key")
        return self._verifier.verify(token.strip(b" "))


def _problem(reason: Reason) -> Problem:
    """Return what the caller hears (RFC 6750, 3): whether another token would help, no more."""
    if reason == "missing":
        return Problem(401, "token-missing", headers={"WWW-Authenticate": _CHALLENGE})
    code = "token-expired" if reason == "expired" else "token-invalid"
    problem = Problem(401, code)
    described = f'{_CHALLENGE}, error="invalid_token", error_description="{problem.title}"'
    problem.headers["WWW-Authenticate"] = described
    return problem
