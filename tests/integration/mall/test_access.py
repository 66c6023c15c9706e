"""The mall as it is served: who sees what, and what it does not even read."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from services.mall.app import serve
from services.mall.settings import MallSettings
from shared.platform.auth.errors import KeysError
from shared.platform.limits import MAX_BODY_BYTES
from tests.support.databases import Database
from tests.support.stack import free_port
from tests.support.tokens import SECRET, bearer

pytestmark = pytest.mark.integration

_PATHS = tuple(
    f"/v1/members/m-1/{page}"
    for page in (
        "account",
        "announcements",
        "entries",
        "expired",
        "notices",
        "redemptions",
        "rewards",
    )
)
_TRIES = 400


@pytest.fixture
async def served(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    port, stop = free_port(), asyncio.Event()
    settings = MallSettings.model_validate(
        {
            "http_port": port,
            "drain_seconds": 0,
            "database": {"url": database.dsn("jifen_mall")},
            "auth": {"secret": SECRET},
        }
    )
    running = asyncio.create_task(serve(settings, stop))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(_TRIES):
            if await _is_up(client):
                break
            await asyncio.sleep(0.05)
        yield client
    stop.set()
    await running


async def _is_up(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.ConnectError:
        return False


@pytest.mark.parametrize("path", _PATHS)
async def test_a_member_sees_its_own_and_others_see_all(
    served: httpx.AsyncClient, path: str
) -> None:
    lets_in = [bearer("member", "m-1"), bearer("service"), bearer("operator")]
    for headers in lets_in:
        assert (await served.get(path, headers=headers)).status_code == 200
    assert (await served.get(path, headers=bearer("member", "m-2"))).status_code == 403
    refused = await served.get(path)
    assert (refused.status_code, refused.json()["code"]) == (401, "token-missing")
    assert refused.headers["www-authenticate"] == 'Bearer realm="jifen"'


async def test_whoever_has_a_token_sees_the_rewards(served: httpx.AsyncClient) -> None:
    for headers in (bearer("member", "m-2"), bearer("service"), bearer("operator")):
        assert (await served.get("/v1/rewards", headers=headers)).status_code == 200
    assert (await served.get("/v1/rewards")).status_code == 401


async def test_an_id_that_is_none_is_refused_only_to_who_may_ask(
    served: httpx.AsyncClient,
) -> None:
    path = "/v1/members/no%20such/account"
    assert (await served.get(path)).status_code == 401
    assert (await served.get(path, headers=bearer("member", "m-1"))).status_code == 403
    assert (await served.get(path, headers=bearer("service"))).status_code == 422


async def test_the_limits_hold_for_the_mall(served: httpx.AsyncClient) -> None:
    answer = await served.post("/v1/members/m-1/account", content=b"x" * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert answer.headers["connection"] == "close"


async def test_without_a_key_the_mall_does_not_start(database: Database) -> None:
    settings = MallSettings.model_validate(
        {"database": {"url": database.dsn("jifen_mall")}, "auth": {}}
    )
    with pytest.raises(KeysError, match="there is no key to check tokens with"):
        await serve(settings, asyncio.Event())
