"""The inbox: in the language asked for, newest first, text that is never markup of ours."""

import json
from datetime import datetime

import httpx
import pytest

from tests.support.databases import Database, owner_of
from tests.support.tokens import bearer

pytestmark = pytest.mark.integration

_WRITE = """
INSERT INTO notify.message (member_id, cause, id, template, data, created_at)
VALUES ($1, $2, nextval('notify.message_id'), $3, $4, clock_timestamp())
"""
_READ = """
UPDATE notify.message SET read_at = clock_timestamp() WHERE member_id = 'ann' AND cause = 'c2'
RETURNING read_at
"""


async def write(database: Database, member: str, cause: str, template: str, **data: object) -> None:
    async with owner_of(database) as owner:
        await owner.execute(_WRITE, member, cause, template, json.dumps(data).encode())


async def test_a_notice_is_read_in_the_language_asked_for(
    database: Database, mall: httpx.AsyncClient
) -> None:
    said = {"points": 1_200, "expires_on": "2027-01-31"}
    await write(database, "ann", "reminder/1", "expiry-reminder-7", **said)
    await write(database, "bob", "reminder/1", "expiry-reminder-7", **said)
    path = "/v1/members/ann/notices"
    [chinese] = (await mall.get(path, headers=bearer("member", "ann"))).json()["notices"]
    [english] = (await mall.get(path, params={"language": "en"})).json()["notices"]
    assert "1,200 积分" in chinese["title"]
    assert english["title"] == "Soon to expire: 1,200 points"
    assert (english["template"], english["data"]) == ("expiry-reminder-7", said)


async def test_it_says_what_was_read_and_how_much_was_not(
    database: Database, mall: httpx.AsyncClient
) -> None:
    for member, number in (("ann", 1), ("ann", 2), ("ann", 3), ("bob", 1)):
        await write(database, member, f"c{number}", "expiry-reminder-7")
    async with owner_of(database) as owner:
        read_at = await owner.fetchval(_READ)
    page = (await mall.get("/v1/members/ann/notices", params={"limit": "2"})).json()
    assert [one["read_at"] is None for one in page["notices"]] == [True, False]
    assert datetime.fromisoformat(page["notices"][1]["read_at"]) == read_at
    assert page["unread"] == 2
    assert (await mall.get("/v1/members/cat/notices")).json()["unread"] == 0


async def test_notices_come_in_pages_and_what_is_strange_does_not_break_them(
    database: Database, mall: httpx.AsyncClient
) -> None:
    for number in range(5):
        await write(database, "ann", f"c{number}", "no-such-template", points="<b>")
    seen, cursor = [], None
    for _ in range(3):
        query = {"limit": "2"} | ({} if cursor is None else {"cursor": cursor})
        page = (await mall.get("/v1/members/ann/notices", params=query)).json()
        seen += [one["cause"] for one in page["notices"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (["c4", "c3", "c2", "c1", "c0"], None)
