"""A member's ledger, account and inbox, read through the mall's routes."""

from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, JsonValue

from jifen.client.asked import Asked

_PAGE: Final = 200
_MANY: Final = 100_000  # more than anybody reads


class Lot(BaseModel):
    """Points with one expiry date."""

    expires_on: date | None
    points: int


class Account(BaseModel):
    """What a member has."""

    member_id: str
    balance: int
    spendable: int
    held: int
    debt: int
    expiring: list[Lot]
    zone: str


class Entry(BaseModel):
    """One line of a member's ledger."""

    seq: int
    cause: str
    kind: str
    points: int
    balance: int
    reason: dict[str, JsonValue]
    occurred_at: datetime
    posted_at: datetime


class Notice(BaseModel):
    """One message of a member's inbox."""

    template: str
    title: str
    body: str


class _Entries(BaseModel):
    entries: list[Entry]
    next_cursor: str | None


class _Inbox(BaseModel):
    notices: list[Notice]


class Mall:
    """The mall as a member's page sees it."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    async def account(self, member_id: str) -> Account:
        """Read a member's account."""
        return await self._asked.get(Account, f"/v1/members/{member_id}/account")

    async def entries(self, member_id: str, *, most: int = _MANY) -> list[Entry]:
        """Read up to so many entries of a member, newest first."""
        found: list[Entry] = []
        more: dict[str, str] = {}
        while (missing := most - len(found)) > 0:
            path = f"/v1/members/{member_id}/entries"
            page = await self._asked.get(_Entries, path, limit=min(_PAGE, missing), **more)
            found += page.entries
            if page.next_cursor is None:
                break
            more = {"cursor": page.next_cursor}
        return found

    async def notices(self, member_id: str) -> list[Notice]:
        """Read the newest messages of a member."""
        path = f"/v1/members/{member_id}/notices"
        return (await self._asked.get(_Inbox, path, language="en")).notices
