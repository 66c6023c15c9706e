"""Members say what they have read: the first time stays, and nobody marks for another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.notify.app import make_app
from services.notify.marks import DatabaseMarks
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.settings import DatabaseSettings
from tests.integration.notify.desk import begin, rows, settings_of, telling
from tests.integration.notify.told import reminder
from tests.support.databases import Database
from tests.support.tokens import bearer, verifier

pytestmark = pytest.mark.integration

ANN = bearer("member", "ann")
SERVICE = bearer("service", "shop")
STAGES = (90, 30, 7, 1)
WRONG: tuple[object, ...] = (
    {},
    {"up_to": 0},
    {"up_to": "1"},
    {"up_to": 2**63},
    {"up_to": 1, "all": True},
    [],
)


@pytest.fixture
async def notify(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of notify's routes with notify's own role; ann and bob have four messages each."""
    await begin(database)
    async with telling(database) as teller:
        await teller.tell(
            *(reminder(name, stage=stage) for stage in STAGES for name in ("ann", "bob"))
        )
    async with asking(settings_of(database)) as client:
        yield client


@asynccontextmanager
async def asking(settings: DatabaseSettings) -> AsyncIterator[httpx.AsyncClient]:
    metrics = Metrics(CollectorRegistry(), "notify")
    async with create_pool(settings, application_name="test", max_size=3, writes=True) as pool:
        app = make_app(DatabaseMarks(pool), Readiness({}), metrics, verifier())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
            yield client


async def inbox(database: Database, member: str) -> dict[int, datetime | None]:
    """Return when the messages were read, by number, oldest first."""
    found = await rows(
        database, "SELECT id, read_at FROM notify.message WHERE member_id = $1 ORDER BY id", member
    )
    return {row["id"]: row["read_at"] for row in found}


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"] if answer.content else ""


async def test_a_message_is_read_once_and_the_first_time_stays(
    database: Database, notify: httpx.AsyncClient
) -> None:
    first, second, *_ = await inbox(database, "ann")
    path = f"/v1/members/ann/notices/{second}/read"
    assert told(await notify.post(path, headers=ANN)) == (204, "")
    marked = await inbox(database, "ann")
    assert [number for number, at in marked.items() if at] == [second]
    answers = await asyncio.gather(*(notify.post(path, headers=SERVICE) for _ in range(5)))
    assert [told(one) for one in answers] == [(204, "")] * 5
    assert await inbox(database, "ann") == marked
    assert marked[first] is None
    assert set((await inbox(database, "bob")).values()) == {None}


async def test_everything_up_to_a_message_is_read_at_once_and_later_ones_are_not(
    database: Database, notify: httpx.AsyncClient
) -> None:
    numbers = list(await inbox(database, "ann"))
    await notify.post(f"/v1/members/ann/notices/{numbers[0]}/read", headers=ANN)
    before = await inbox(database, "ann")
    path = "/v1/members/ann/notices/read"
    for _ in range(2):
        answer = await notify.post(path, json={"up_to": numbers[2]}, headers=ANN)
        assert told(answer) == (204, "")
    after = await inbox(database, "ann")
    assert [at is not None for at in after.values()] == [True, True, True, False]
    assert after[numbers[0]] == before[numbers[0]]
    assert after[numbers[1]] == after[numbers[2]]
    assert set((await inbox(database, "bob")).values()) == {None}


async def test_what_is_not_the_members_is_not_there(
    database: Database, notify: httpx.AsyncClient
) -> None:
    bobs = next(iter(await inbox(database, "bob")))
    for number in (bobs, 2**63 - 1):
        answer = await notify.post(f"/v1/members/ann/notices/{number}/read", headers=ANN)
        assert told(answer) == (404, "unknown-notice")
    for member, token in (("bob", ANN), ("bob", bearer("operator", "olga"))):
        for path, body in ((f"{bobs}/read", {}), ("read", {"up_to": bobs})):
            answer = await notify.post(
                f"/v1/members/{member}/notices/{path}", json=body, headers=token
            )
            assert told(answer) == (403, "forbidden")
    assert set((await inbox(database, "bob")).values()) == {None}


async def test_what_is_no_number_of_a_message_is_refused(notify: httpx.AsyncClient) -> None:
    for number in ("0", "-1", "1.5", "x", str(2**63)):
        answer = await notify.post(f"/v1/members/ann/notices/{number}/read", headers=ANN)
        assert told(answer) == (422, "invalid-request"), number
    path = "/v1/members/ann/notices/read"
    for body in WRONG:
        answer = await notify.post(path, json=body, headers=ANN)
        assert told(answer) == (422, "invalid-request"), body


async def test_while_the_database_is_away_callers_are_told_to_come_again() -> None:
    nowhere = DatabaseSettings(url=SecretStr("postgresql://jifen_notify@127.0.0.1:1/nothing"))
    async with asking(nowhere) as notify:
        for path, body in (("1/read", None), ("read", {"up_to": 1})):
            answer = await notify.post(
                f"/v1/members/ann/notices/{path}", json=body, headers=SERVICE
            )
            assert told(answer) == (503, "unavailable")
            assert int(answer.headers["Retry-After"]) > 0
