"""The inbox: in the language asked for, newest first, text that is never markup of ours."""

import json

import httpx
import pytest

from tests.support.databases import Database, owner_of
from tests.support.tokens import bearer

pytestmark = pytest.mark.integration

_WRITE = """
INSERT INTO notify.message (member_id, cause, id, template, data, created_at)
VALUES ($1, $2, nextval('notify.message_id'), $3, $4, clock_timestamp())
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
