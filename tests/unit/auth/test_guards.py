"""Who gets through to what, and that a route which does not say so is never served."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from shared.platform.auth.guards import (
    UnguardedError,
    acts_for_member,
    any_caller,
    operator_only,
    reads_member,
    service_only,
)
from shared.platform.auth.principal import Principal, Role
from shared.platform.health import Readiness
from shared.platform.http import Server, check_closed, create_app
from shared.platform.metrics import Metrics
from tests.support.tokens import bearer, signed, token, verifier

OWN, OTHER = "/members/m-1", "/members/m-2"
Caller = Annotated[Principal, Depends(acts_for_member)]


def closed_app(*, verifies: bool = True, metrics: Metrics | None = None) -> FastAPI:
    return create_app(
        Readiness({}),
        metrics or Metrics(CollectorRegistry(), "test"),
        version="1",
        verifier=verifier() if verifies else None,
    )


@pytest.fixture
def app() -> FastAPI:
    app = closed_app()
    router = APIRouter()

    @router.get("/catalogue", dependencies=[Depends(any_caller)])
    @router.get("/backend", dependencies=[Depends(service_only)])
    @router.get("/staff", dependencies=[Depends(operator_only)])
    async def fixed() -> str:
        return "done"

    @router.get("/members/{member_id}", dependencies=[Depends(reads_member)])
    async def read(member_id: str) -> str:
        return member_id

    @router.post("/members/{member_id}")
    async def act(member_id: str, caller: Caller) -> str:
        return f"{caller.name} for {member_id}"

    app.include_router(router)
    check_closed(app)
    return app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize(
    ("method", "path", "lets_in"),
    [
        ("GET", "/catalogue", {"member", "service", "operator"}),
        ("GET", "/backend", {"service"}),
        ("GET", "/staff", {"operator"}),
        ("GET", OWN, {"member", "service", "operator"}),
        ("GET", OTHER, {"service", "operator"}),
        ("POST", OWN, {"member", "service"}),
        ("POST", OTHER, {"service"}),
    ],
)
@pytest.mark.parametrize("role", ["member", "service", "operator"])
async def test_who_gets_through(
    app: FastAPI, method: str, path: str, lets_in: set[str], role: Role
) -> None:
    async with client_of(app) as client:
        answer = await client.request(method, path, headers=bearer(role, "m-1"))
    if role in lets_in:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 403
        assert answer.json()["code"] == "forbidden"
        assert "insufficient_scope" in answer.headers["www-authenticate"]


async def test_a_refusal_tells_nothing_of_members(app: FastAPI) -> None:
    said: list[object] = []
    async with client_of(app) as client:
        for name in ("m-2", "nobody", "no%20id", "m-1%00", "M-1", "m-1%20"):
            answer = await client.get(f"/members/{name}", headers=bearer("member", "m-1"))
            assert answer.status_code == 403
            said.append({**answer.json(), "instance": ""})
    assert all(one == said[0] for one in said)


async def test_a_path_is_compared_as_it_is_routed(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = await client.get("/members/%6d-1", headers=bearer("member", "m-1"))
    assert (answer.status_code, answer.json()) == (200, "m-1")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "token-missing"),
        ([("Authorization", "")], "token-invalid"),
        ([("Authorization", "Bearer")], "token-invalid"),
        ([("Authorization", "Bearer ")], "token-invalid"),
        ([("Authorization", "Bearer x")], "token-invalid"),
        ([("Authorization", f"Basic {token('service')}")], "token-invalid"),
        ([("Authorization", token("service"))], "token-invalid"),
        ([("Authorization", f"Bearer {token('service')}")] * 2, "token-invalid"),
        ([("Authorization", f"Bearer {token('service')} x")], "token-invalid"),
        ([("Authorization", f"Bearer {token('service', ttl_seconds=-60)}")], "token-expired"),
        ([("Authorization", f"Bearer {'x' * 30_000}")], "token-invalid"),
        ([("Cookie", f"access_token={token('service')}")], "token-missing"),
    ],
)
@pytest.mark.parametrize("path", [OWN, "/nothing", "/healthz/", "//healthz", "/openapi.json/x"])
async def test_without_a_good_token_every_address_is_the_same(
    app: FastAPI, headers: list[tuple[str, str]], code: str, path: str
) -> None:
    async with client_of(app) as client:
        answer = await client.get(f"http://test{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="jifen"')
    assert ('error="invalid_token"' in challenge) is (code != "token-missing")


async def test_the_scheme_is_written_as_one_likes(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = await client.get(OWN, headers={"authorization": f"bEARER  {token('service')}"})
    assert answer.status_code == 200


async def test_what_is_public_needs_no_token(app: FastAPI) -> None:
    async with client_of(app) as client:
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
            assert (await client.get(path)).status_code == 200
        document = (await client.get("/openapi.json")).json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert all(
        operation["security"] == [{"bearer": []}]
        for path in document["paths"].values()
        for operation in path.values()
    )


async def test_without_keys_nobody_gets_in() -> None:
    async with client_of(closed_app(verifies=False)) as client:
        assert (await client.get("/anything", headers=bearer("service"))).status_code == 401
        assert (await client.get("/healthz")).status_code == 200


async def test_refused_tokens_are_counted_by_what_was_wrong() -> None:
    metrics = Metrics(CollectorRegistry(), "test")
    async with client_of(closed_app(metrics=metrics)) as client:
        for told in (b"Bearer x", b"Bearer " + signed({"sub": "m-1", "role": "member"})):
            await client.get("/", headers={b"authorization": told})
        await client.get("/")
    for reason in ("missing", "malformed", "claims"):
        labels = {"reason": reason}
        count = metrics.registry.get_sample_value("points_http_tokens_refused_total", labels)
        assert count == 1, reason


async def _anything() -> str:
    return "done"


async def _plain(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse("done")(scope, receive, send)


def _endpoint(_: Request) -> JSONResponse:
    return JSONResponse("done")


def _add_route(app: FastAPI) -> None:
    app.get("/open")(_anything)


def _add_included(app: FastAPI) -> None:
    inner, outer = APIRouter(), APIRouter(prefix="/v1")
    inner.get("/open")(_anything)
    outer.include_router(inner)
    app.include_router(outer)


def _add_other_dependency(app: FastAPI) -> None:
    app.get("/open", dependencies=[Depends(_anything)])(_anything)


def _add_plain(app: FastAPI) -> None:
    app.router.routes.append(Route("/open", _endpoint))


def _add_mount(app: FastAPI) -> None:
    app.router.routes.append(Mount("/open", app=_plain))


def _add_websocket(app: FastAPI) -> None:
    app.websocket("/open")(_anything)


@pytest.mark.parametrize(
    "add",
    [_add_route, _add_included, _add_other_dependency, _add_plain, _add_mount, _add_websocket],
)
def test_a_route_that_does_not_say_who_may_call_it_is_not_served(add: object) -> None:
    app = closed_app()
    assert callable(add)
    add(app)
    with pytest.raises(UnguardedError, match="/open"):
        Server(app, host="127.0.0.1", port=0)


def test_a_guard_of_a_router_counts_for_its_routes() -> None:
    app, inner = closed_app(), APIRouter(prefix="/v1", dependencies=[Depends(operator_only)])
    inner.get("/a")(_anything)
    app.include_router(inner)
    outer = APIRouter()
    outer.get("/b")(_anything)
    app.include_router(outer, dependencies=[Depends(service_only)])
    check_closed(app)


def test_a_guard_by_member_wants_a_member_in_the_path() -> None:
    app = closed_app()
    app.get("/orders/{order_id}", dependencies=[Depends(reads_member)])(_anything)
    with pytest.raises(UnguardedError, match="member_id, and has none"):
        check_closed(app)


def test_routes_without_anything_that_checks_tokens_are_not_served() -> None:
    app = closed_app(verifies=False)
    check_closed(app)
    app.get("/staff", dependencies=[Depends(operator_only)])(_anything)
    with pytest.raises(UnguardedError, match="nothing checks tokens"):
        check_closed(app)
