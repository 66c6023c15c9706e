"""HTTP: an application that is closed but for its operations routes, and its server."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client.exposition import choose_encoder
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from shared.platform.auth.closed import Closed
from shared.platform.auth.guards import UnguardedError, has_guards, refuse_unguarded
from shared.platform.auth.verifier import Verifier
from shared.platform.clock import monotonic
from shared.platform.health import Readiness
from shared.platform.limits import bounded
from shared.platform.metrics import Metrics
from shared.platform.problem import answer_with_problems, problem_response, unavailable
from shared.platform.settings import REQUEST_SECONDS, ServiceSettings

# A service's own routes need a token; these are for whoever keeps it running.
OPERATIONS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_DOCUMENT = "/openapi.json"

# More at once would wait longer than their callers do.
_MOST_REQUESTS: Final = 1_000
# What a request may still take once the listener is closed.
_GRACE_SECONDS = 5
_LET_GO: Final = (b"connection", b"close")

_log = logging.getLogger(__name__)


def create_app(
    readiness: Readiness,
    metrics: Metrics,
    *,
    version: str,
    routes: Sequence[BaseRoute] = (),
    verifier: Verifier | None = None,
) -> FastAPI:
    """Make a service's application: routes of its own, /healthz, /readyz, /metrics and problems.

    All but these and /openapi.json is closed: a request needs a token that `verifier` believes,
    and a route a guard (`shared/platform/auth/guards.py`), without which `Server` does not start.
    """
    app = FastAPI(
        title=f"Jifen {metrics.service}",
        version=version,
        openapi_url=_DOCUMENT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Its own reports of each request, which ask the environment whether anybody wants them.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.public = public = OPERATIONS | {_DOCUMENT}
    app.state.verifies = verifier is not None
    app.state.readiness = readiness
    _add_operations(app, readiness, metrics)
    # Not included as a router: each level of those looks for the route anew.
    app.router.routes.extend(routes)
    answer_with_problems(app)
    app.add_middleware(Closed, verifier=verifier, public=public, metrics=metrics)
    app.add_middleware(Admission)
    app.add_middleware(_Timing, metrics=metrics)
    return app


def check_closed(app: FastAPI) -> None:
    """Raise UnguardedError unless each route of a `create_app` says who may call it."""
    refuse_unguarded(app, app.state.public)
    if not app.state.verifies and has_guards(app, app.state.public):
        raise UnguardedError("the application has routes of its own, and nothing checks tokens")


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


class Admission:
    """Lets so many requests in at a time; who comes beyond that hears at once to come again.

    The operations routes are always open: a busy service is alive.
    """

    def __init__(self, app: ASGIApp, *, most: int = _MOST_REQUESTS) -> None:
        self._app, self._free = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 503."""
        if scope["type"] != "http" or scope["path"] in OPERATIONS:
            await self._app(scope, receive, send)
        elif not self._free:
            await problem_response(Request(scope), unavailable())(scope, receive, send)
        else:
            self._free -= 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._free += 1


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
    """Serves an application inside the service's own event loop and leaves signals to it.

    Raises UnguardedError for one with a route that does not say who may call it.
    """

    def __init__(
        self,
        app: FastAPI,
        *,
        host: str,
        port: int,
        request_seconds: float = REQUEST_SECONDS,
        drain_seconds: float = 0,
    ) -> None:
        check_closed(app)
        self._readiness: Readiness = app.state.readiness
        self._drain_seconds = drain_seconds
        self._host = host
        self._port = port
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                http=bounded(request_seconds),
                ws="none",
                server_header=False,
                # Nothing here asks for the caller's address.
                proxy_headers=False,
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
        """Say that it is not ready, go on answering until that is known, then close.

        Whoever spreads requests over several processes learns of it by asking now and then;
        until it has asked, it sends more of them here, and none of these may fail.
        """
        if self._task is not None:
            self._readiness.drain()
            self._server.let_go()
            await asyncio.sleep(self._drain_seconds)
            await self.close()

    async def close(self) -> None:
        """Take no more requests, finish those in progress."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
            self._task = None


@contextlib.asynccontextmanager
async def serving(app: FastAPI, settings: ServiceSettings) -> AsyncIterator[Server]:
    """Serve while a block runs, which may stop the server earlier.

    Put it around all that waits for databases and brokers: the operations routes, which say what
    is waited for, come first and go last.
    """
    server = Server(
        app,
        host=settings.http_host,
        port=settings.http_port,
        request_seconds=settings.http_request_seconds,
        drain_seconds=settings.drain_seconds,
    )
    await server.start()
    _log.info("started", extra={"url": server.url})
    try:
        yield server
        await server.stop()
    finally:
        # What failed has nothing to drain for: its supervisor is to start it again.
        await server.close()
        _log.info("stopped")


class _Uvicorn(uvicorn.Server):
    def let_go(self) -> None:
        """Have clients that keep connections make the next request over a new one, elsewhere."""
        # The server makes its headers anew each second, of those of its configuration.
        self.config.encoded_headers.append(_LET_GO)
        self.server_state.default_headers = [*self.server_state.default_headers, _LET_GO]

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the service's own handler decides the order of stopping."""
        yield
