"""The operations routes, problems and the server, without a service around them."""

import asyncio

import httpx
import pytest
from fastapi import Depends
from prometheus_client import CollectorRegistry
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.platform.auth.guards import any_caller
from shared.platform.health import Check, Readiness
from shared.platform.http import Admission, Server, create_app
from shared.platform.metrics import Metrics
from shared.platform.problem import Problem
from tests.support.tokens import bearer, verifier


def client_of(**checks: Check) -> httpx.AsyncClient:
    metrics = Metrics(CollectorRegistry(), "test")
    app = create_app(
        Readiness(checks),
        metrics,
        version="1",
        verifier=verifier(),
    )

    @app.get("/refuse/{what}", dependencies=[Depends(any_caller)])
    async def refuse(what: str) -> None:
        raise Problem(409, "out-of-stock", "Nothing left", detail=what)

    @app.get("/fail", dependencies=[Depends(any_caller)])
    async def fail() -> None:
        raise RuntimeError("secret")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=bearer("service"))


async def well() -> str | None:
    return None


async def broken() -> str | None:
    raise ConnectionError("refused\nby a host that is nobody's business")


async def ill() -> str | None:
    return "lag of 300 s"


async def test_ready_when_every_check_is_well() -> None:
    async with client_of(database=well) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "checks": {"database": "ok"}},
    )


async def test_not_ready_says_what_is_wrong_and_stays_alive() -> None:
    async with client_of(database=broken, progress=ill, broker=well) as client:
        answer = await client.get("/readyz")
        alive = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "ConnectionError: refused",
        "progress": "lag of 300 s",
        "broker": "ok",
    }
    assert alive.status_code == 200


async def test_a_problem_has_its_code_and_a_failure_hides_its_insides() -> None:
    async with client_of() as client:
        refused = await client.get("/refuse/mug")
        failed = await client.get("/fail")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json() == {
        "type": "urn:jifen:problem:out-of-stock",
        "title": "Nothing left",
        "status": 409,
        "code": "out-of-stock",
        "instance": "/refuse/mug",
        "detail": "mug",
    }
    assert failed.json()["code"] == "internal-error"
    assert "secret" not in failed.text


async def test_metrics_are_negotiated_and_timed_by_route() -> None:
    async with client_of() as client:
        await client.get("/refuse/a")
        await client.get("/refuse/b")
        plain = await client.get("/metrics")
        accept = {"accept": "application/openmetrics-text; version=1.0.0"}
        openmetrics = await client.get("/metrics", headers=accept)
    line = (
        'http_server_request_duration_seconds_count{method="GET",route="/refuse/{what}",'
        'status_class="4xx"} 2.0'
    )
    assert line in plain.text
    assert plain.headers["content-type"].startswith("text/plain")
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")


async def test_the_server_listens_on_a_free_port_until_it_is_stopped() -> None:
    metrics = Metrics(CollectorRegistry(), "test")
    app = create_app(Readiness({}), metrics, version="1")
    server = Server(app, host="127.0.0.1", port=0)
    await server.start()
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{server.url}/healthz")).status_code == 200
        await server.stop()
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{server.url}/healthz")


async def test_a_server_that_stops_says_so_first_and_goes_on_answering() -> None:
    metrics = Metrics(CollectorRegistry(), "test")
    app = create_app(Readiness({"database": well}), metrics, version="1")
    server = Server(app, host="127.0.0.1", port=0, drain_seconds=60)
    await server.start()
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/readyz")).status_code == 200
        draining = asyncio.create_task(server.stop())
        while (ready := await client.get("/readyz")).status_code == 200:
            assert not draining.done()
        assert ready.json()["checks"] == {"process": "it was told to stop"}
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        # Whoever has nothing to drain for closes at once.
        draining.cancel()
        await server.close()
        with pytest.raises(httpx.ConnectError):
            await client.get("/healthz")


async def test_a_check_that_hangs_has_failed() -> None:
    async def hang() -> str | None:
        await asyncio.sleep(10)
        return None

    report = await Readiness({"broker": hang}, limit_seconds=0.01).report()
    assert report.problems == {"broker": "no answer within 0.01 s"}


async def test_who_is_too_many_is_told_to_come_again_and_probes_never_are() -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/slow":
            inside.set()
            await leave.wait()
        await Response()(scope, receive, send)

    transport = httpx.ASGITransport(Admission(busy, most=1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        first = asyncio.create_task(client.get("/slow"))
        await inside.wait()
        refused = await client.get("/quick")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert (await client.get("/healthz")).status_code == 200
        leave.set()
        assert (await first).status_code == 200
        assert (await client.get("/quick")).status_code == 200
