"""A member's ledger and account, read through the mall's routes as a member's page would."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeVar

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from jifen.demo.errors import ReplayError

_PAGE_ENTRIES = 200
_TIMEOUT_SECONDS = 10.0

M = TypeVar("M", bound=BaseModel)


class Lot(BaseModel):
    """Points with one expiry date."""

    expires_on: date | None
    points: int


class Account(BaseModel):
    """What a member has."""

    balance: int
    debt: int
    expiring: list[Lot]


class Entry(BaseModel):
    """One line of a member's ledger."""

    seq: int
    cause: str
    kind: str
    points: int
    balance: int
    reason: dict[str, JsonValue]
    occurred_at: datetime


class Notice(BaseModel):
    """One message of a member's inbox."""

    template: str
    title: str
    body: str


class _Page(BaseModel):
    entries: list[Entry]
    next_cursor: str | None


class _Inbox(BaseModel):
    notices: list[Notice]


def client(url: str, token: str) -> httpx.AsyncClient:
    """Make a client of the mall at a URL; enter it (`async with`) to use it."""
    return httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {token}"},
        timeout=_TIMEOUT_SECONDS,
        trust_env=False,
    )


class Mall:
    """The mall as a member's page sees it; raises ReplayError when it does not answer."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def account(self, member_id: str) -> Account:
        """Read a member's account."""
        return await self._get(Account, f"/v1/members/{member_id}/account", {})

    async def entries(self, member_id: str) -> list[Entry]:
        """Read all entries of a member, oldest first."""
        found: list[Entry] = []
        query: dict[str, str | int] = {"limit": _PAGE_ENTRIES}
        while True:
            page = await self._get(_Page, f"/v1/members/{member_id}/entries", query)
            found += page.entries
            if page.next_cursor is None:
                return found[::-1]
            query["cursor"] = page.next_cursor

    async def notices(self, member_id: str) -> list[Notice]:
        """Read the newest messages of a member."""
        path = f"/v1/members/{member_id}/notices"
        return (await self._get(_Inbox, path, {"language": "en"})).notices

    async def _get(self, model: type[M], path: str, query: Mapping[str, str | int]) -> M:
        try:
            answer = await self._client.get(path, params=query)
            answer.raise_for_status()
            return model.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError) as error:
            raise ReplayError(
                f"the mall does not answer as it should ({type(error).__name__}): "
                "see `jifen status` and `jifen logs mall`"
            ) from error
