"""HTTP: an application with the operations routes and RFC 9457 errors, and its server."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Mapping

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from shared.platform.clock import monotonic
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics

PROBLEM_TYPE = "application/problem+json"

# Requests in progress beyond this are answered 503 by the server itself.
_MAX_CONCURRENT_REQUESTS = 1_000
# What a request may still take once the service was told to stop.
_GRACE_SECONDS = 5
# When to come again after a 503.
_RETRY_SECONDS = 2
_TITLES = {
    "not-found": "There is nothing at this address",
    "method-not-allowed": "This address does not take this method",
    "invalid-request": "The request is not valid",
    "internal-error": "The service failed",
    "unavailable": "The service can't answer at the moment",
}
_CODES = {404: "not-found", 405: "method-not-allowed"}


class ProblemBody(BaseModel):
    """An RFC 9457 problem."""

    type: str = Field(description="A URN made of the code.")
    title: str = Field(description="What kind of problem it is; the same for each code.")
    status: int
    code: str = Field(description="Stable: what a program decides by.")
    instance: str = Field(description="The path that was asked.")
    detail: str | None = Field(default=None, description="What is wrong this time.")


class Problem(Exception):  # noqa: N818 - the standard's name for it
    """An answer other than success: becomes an RFC 9457 problem with a stable `code`."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail or title}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})


def create_app(
    *, title: str, version: str, readiness: Readiness, metrics: Metrics, documented: bool = False
) -> FastAPI:
    """Make an application that has /healthz, /readyz and /metrics and answers with problems.

    `documented` serves OpenAPI at /openapi.json, for services that have routes of their own.
    """
    app = FastAPI(
        title=title,
        version=version,
        openapi_url="/openapi.json" if documented else None,
        docs_url=None,
        redoc_url=None,
    )
    _add_operations(app, readiness, metrics)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_failure)
    app.add_middleware(_Timing, metrics=metrics)
    return app


def _add_operations(app: FastAPI, readiness: Readiness, metrics: Metrics) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        """Say that the event loop turns, and nothing more: a restart mends nothing else."""
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        """Say what is missing for this process to do its work."""
        report = await readiness.report()
        checks = {name: report.problems.get(name, "ok") for name in report.checks}
        return JSONResponse(
            {"ready": report.ready, "checks": checks}, status_code=200 if report.ready else 503
        )

    @app.get("/metrics", include_in_schema=False)
    async def metrics_(request: Request) -> Response:
        """Expose the registry, as OpenMetrics where that is accepted."""
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(metrics.registry), media_type=content_type)


def unavailable() -> Problem:
    """Return the problem for "my database does not answer": the caller shall come again."""
    code = "unavailable"
    return Problem(503, code, _TITLES[code], headers={"Retry-After": str(_RETRY_SECONDS)})


def problem_response(request: Request, problem: Problem) -> Response:
    """Return a problem as its response."""
    body = ProblemBody(
        type=f"urn:jifen:problem:{problem.code}",
        title=problem.title,
        status=problem.status,
        code=problem.code,
        instance=request.url.path,
        detail=problem.detail,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status_code=problem.status,
        headers=problem.headers,
        media_type=PROBLEM_TYPE,
    )


async def _on_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        return await _on_failure(request, error)
    return problem_response(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return await _on_failure(request, error)
    detail = "; ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()
    )
    code = "invalid-request"
    return problem_response(request, Problem(400, code, _TITLES[code], detail=detail))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return await _on_failure(request, error)
    code = _CODES.get(error.status_code, "invalid-request")
    problem = Problem(error.status_code, code, _TITLES[code], headers=error.headers)
    return problem_response(request, problem)


async def _on_failure(request: Request, _error: Exception) -> Response:
    # The server logs the exception with its trace; the caller learns nothing of our insides.
    code = "internal-error"
    return problem_response(request, Problem(500, code, _TITLES[code]))


class _Timing:
    """Observes how long each request took, by route template (never by path)."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._duration = metrics.http_request_duration_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = monotonic()
        try:
            await self._app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            labels = (scope["method"], route, f"{status // 100}xx")
            self._duration.labels(*labels).observe(monotonic() - started)


class Server:
    """Serves an application inside the service's own event loop and leaves signals to it."""

    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                http="httptools",
                ws="none",
                server_header=False,
                limit_concurrency=_MAX_CONCURRENT_REQUESTS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens, once started (the port that was free, when asked for 0)."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Listen (calls are queued from here on); raises OSError when the address is taken."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=512)
        self._port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve([listener]), name="http-server")

    async def stop(self) -> None:
        """Take no more requests, finish those in progress, stop."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
            self._task = None


class _Uvicorn(uvicorn.Server):
    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the service's own handler decides the order of stopping."""
        yield
