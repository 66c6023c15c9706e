"""Every route of every service says who may call it.

A service that has an `api.py` has an `openapi.py` with `application()`; one without has only the
operations routes, and `Server` would not start it with more.
"""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from shared.platform.auth.guards import refuse_unguarded
from shared.platform.http import OPERATIONS

SERVICES = Path(__file__).parents[3] / "services"
WITH_ROUTES = sorted(file.parent.name for file in SERVICES.glob("*/api.py"))


class _Described(Protocol):
    def application(self) -> FastAPI: ...


@pytest.fixture(params=WITH_ROUTES)
def app(request: pytest.FixtureRequest) -> FastAPI:
    module = import_module(f"services.{request.param}.openapi")
    return cast("_Described", module).application()


def test_every_route_has_a_guard(app: FastAPI) -> None:
    refuse_unguarded(app, app.state.public)
    assert app.state.public <= OPERATIONS | {"/openapi.json"}


async def test_no_route_answers_without_a_token(app: FastAPI) -> None:
    asked = 0
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for context in iter_route_contexts(app.routes):
            for method in context.methods or ():
                if context.path in app.state.public or context.path is None:
                    continue
                asked += 1
                answer = await client.request(method, context.path, json={})
                assert answer.status_code == 401, f"{method} {context.path}"
    assert asked


def test_every_operation_of_the_document_says_so(app: FastAPI) -> None:
    operations = [
        operation for path in app.openapi()["paths"].values() for operation in path.values()
    ]
    assert operations
    assert all(operation["security"] == [{"bearer": []}] for operation in operations)
    assert all({"401", "403"} <= set(operation["responses"]) for operation in operations)
