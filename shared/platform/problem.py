"""Refusals over HTTP: RFC 9457 problems, each with a stable code."""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field, JsonValue
from starlette.exceptions import HTTPException
from typing_extensions import override

from shared.platform.log import describe
from shared.platform.postgres import DATABASE_ERRORS

PROBLEM_TYPE: Final = "application/problem+json"
# What a problem may be, besides those of a service's own.
TITLES: Final[Mapping[str, str]] = {
    "not-found": "There is nothing at this address",
    "method-not-allowed": "This address does not take this method",
    "malformed-request": "The request can't be read",
    "invalid-request": "The request is not valid",
    "token-missing": "This address wants a bearer token",
    "token-expired": "The token has expired",
    "token-invalid": "The token is not valid",
    "forbidden": "The token does not allow this",
    "too-slow": "The request took too long to arrive",
    "too-large": "The request is too large",
    "internal-error": "The service failed",
    "unavailable": "The service can't answer at the moment",
}
REFUSED: Final = "Refused; `code` says why, `figures` what was there."
"""What a document says of a 409, which is a `Refusal`."""
# What any route may answer besides success.
_REFUSALS: Final[Mapping[int, str]] = {
    401: "No token, or none that is believed.",
    403: "The token does not allow this.",
    422: "The request is not valid.",
    503: "Not at the moment; see Retry-After, ask again alike.",
}

# When to come again after a 503.
_RETRY_SECONDS = 2
_CODES = {400: "malformed-request", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}
# A body may have thousands of faults, and names of any length.
_MAX_FAULTS = 10
_MAX_NAME = 64

_log = logging.getLogger(__name__)


class ProblemBody(BaseModel):
    """An RFC 9457 problem."""

    type: str = Field(description="A URN made of the code.")
    title: str = Field(description="What kind of problem it is; the same for each code.")
    status: int
    code: str = Field(description="Stable: what a program decides by.")
    instance: str = Field(description="The path that was asked.")
    detail: str | None = Field(default=None, description="What is wrong this time.")


class RefusalBody(ProblemBody):
    """A refusal, with what is needed and what is there."""

    figures: dict[str, JsonValue] = Field(default_factory=dict)


class Problem(Exception):  # noqa: N818 - the standard's name for it
    """An answer other than success: becomes an RFC 9457 problem with a stable `code`.

    A code that `TITLES` has needs no title.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str | None = None,
        *,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.title = TITLES[code] if title is None else title
        self.detail = detail
        self.headers = dict(headers or {})
        super().__init__(f"{status} {code}: {detail or self.title}")

    def body(self, path: str) -> bytes:
        """Return the JSON of the answer to a request for a path."""
        return self._said(path).model_dump_json(exclude_none=True).encode()

    def _said(self, path: str) -> ProblemBody:
        return ProblemBody(
            type=f"urn:jifen:problem:{self.code}",
            title=self.title,
            status=self.status,
            code=self.code,
            instance=path,
            detail=self.detail,
        )


class Refusal(Problem):
    """A command was understood, and the answer is no (409); the code is the reason."""

    def __init__(self, reason: str, title: str, figures: Mapping[str, JsonValue]) -> None:
        super().__init__(HTTPStatus.CONFLICT, reason, title)
        self.figures = dict(figures)

    @override
    def _said(self, path: str) -> RefusalBody:
        return RefusalBody(**super()._said(path).model_dump(), figures=self.figures)


def unavailable() -> Problem:
    """Return the problem for "my database does not answer": the caller shall come again."""
    return Problem(503, "unavailable", headers={"Retry-After": str(_RETRY_SECONDS)})


def problem_response(request: Request, problem: Problem) -> Response:
    """Return a problem as its response."""
    return Response(
        problem.body(request.url.path),
        status_code=problem.status,
        headers=problem.headers,
        media_type=PROBLEM_TYPE,
    )


def refusals(more: Mapping[int, str] | None = None) -> dict[int | str, dict[str, object]]:
    """Return what an OpenAPI document says of refusals; `more` has what a route refuses besides."""
    described = dict(sorted({**_REFUSALS, **(more or {})}.items()))
    return {status: _described(status, text) for status, text in described.items()}


def _described(status: int, text: str) -> dict[str, object]:
    body = RefusalBody if status == HTTPStatus.CONFLICT else ProblemBody
    return {
        "description": text,
        "content": {PROBLEM_TYPE: {"schema": body.model_json_schema()}},
    }


def answer_with_problems(app: FastAPI) -> None:
    """Have an application answer every refusal and failure as a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for trouble in DATABASE_ERRORS:
        app.add_exception_handler(trouble, _on_trouble)
    app.add_exception_handler(Exception, _on_failure)


async def _on_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        return await _on_failure(request, error)
    return problem_response(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return await _on_failure(request, error)
    faults = error.errors()
    said = [
        f"{_place(fault['loc'])}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in faults[:_MAX_FAULTS]
    ]
    if more := len(faults) - len(said):
        said.append(f"and {more} more")
    return problem_response(request, Problem(422, "invalid-request", detail="; ".join(said)))


def _place(location: Iterable[object]) -> str:
    return ".".join(_name(part) for part in location)


def _name(part: object) -> str:
    """Return a name as it came, if it can be shown: half of a surrogate pair can't."""
    text = str(part).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _MAX_NAME else f"{text[:_MAX_NAME]}…"


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return await _on_failure(request, error)
    code = _CODES.get(error.status_code, "invalid-request")
    return problem_response(request, Problem(error.status_code, code, headers=error.headers))


async def _on_trouble(request: Request, error: Exception) -> Response:
    """Note what is the matter: the caller hears only that it shall come again."""
    _log.warning("the database does not answer", extra={"error": describe(error)})
    return problem_response(request, unavailable())


async def _on_failure(request: Request, _error: Exception) -> Response:
    # The server logs the exception with its trace; the caller learns nothing of our insides.
    return problem_response(request, Problem(500, "internal-error"))
