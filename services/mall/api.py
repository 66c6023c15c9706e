"""The mall's HTTP routes: JSON in the shape that the program's pages need."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Final, Literal, Protocol, TypeAlias, TypeVar

from fastapi import APIRouter, Depends, Query

from services.mall import bodies
from services.mall.domain.account import Account, Entry, announcements
from services.mall.domain.catalogue import Band, Redemption, Reward, Used, prospect_of
from services.mall.domain.cursors import (
    MAX_SEQ,
    CursorError,
    Place,
    decode_cursor,
    decode_place,
    decode_position,
    encode_cursor,
    encode_place,
    encode_position,
)
from services.mall.domain.inbox import Message
from shared.contract.types import Cause, Id
from shared.notices.words import Language
from shared.platform.auth.guards import any_caller, reads_member
from shared.platform.postgres import DATABASE_ERRORS
from shared.platform.problem import PROBLEM_TYPE, Problem, ProblemBody, unavailable

MAX_PAGE: Final = 200

T = TypeVar("T")

_Limit: TypeAlias = Annotated[int, Query(ge=1, le=MAX_PAGE)]
_Cursor: TypeAlias = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before.")
]
_BandText: TypeAlias = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9]{1,10}-[0-9]{0,10}$",
        description="Prices from one up to, but not including, another: `0-500`, `500-2000`,"
        " `2000-` for all above.",
    ),
]
_Status: TypeAlias = Literal[
    "reserved", "awaiting-payment", "to-ship", "shipped", "completed", "cancelled"
]


class Reader(Protocol):
    """Where all of it comes from; every method reads one moment."""

    async def account(self, member_id: str) -> Account:
        """Read one member's account."""
        ...

    async def entries(self, member_id: str, *, below_seq: int, limit: int) -> list[Entry]:
        """Read entries with numbers below one, newest first."""
        ...

    async def expired(self, member_id: str, *, below_seq: int, limit: int) -> list[Entry]:
        """Read entries of points that expired, with numbers below one, newest first."""
        ...

    async def entry_of_cause(self, member_id: str, cause: str) -> Entry | None:
        """Read the one entry of a cause."""
        ...

    async def rewards(self, band: Band, *, after: int, limit: int) -> list[Reward]:
        """Read rewards on sale, after a position, in the merchant's order."""
        ...

    async def used(self, member_id: str, since: date) -> Used:
        """Count the pieces a member has by reward and month, from the first day of one on."""
        ...

    async def messages(self, member_id: str, *, below_id: int, limit: int) -> list[Message]:
        """Read an inbox below a message's number, newest first."""
        ...

    async def redemptions(
        self, member_id: str, *, status: str | None, before: Place | None, limit: int
    ) -> list[Redemption]:
        """Read redemptions before a place, newest first."""
        ...


def make_router(reader: Reader) -> APIRouter:
    """Make the routes over a reader: members see their own, services and operators any."""
    problem = {"content": {PROBLEM_TYPE: {"schema": ProblemBody.model_json_schema()}}}
    router = APIRouter(
        prefix="/v1",
        responses={
            401: {"description": "No token, or none that is believed.", **problem},
            403: {"description": "The token is another member's.", **problem},
            422: {"description": "The request is not valid.", **problem},
            503: {"description": "The database does not answer; see Retry-After.", **problem},
        },
    )
    _add_account(router, reader)
    _add_entries(router, reader)
    _add_rewards(router, reader)
    _add_redemptions(router, reader)
    _add_notices(router, reader)
    return router


def _add_account(router: APIRouter, reader: Reader) -> None:
    @router.get(
        "/members/{member_id}/account",
        operation_id="readAccount",
        summary="Balance and expiring points",
        dependencies=[Depends(reads_member)],
    )
    async def account(member_id: Id) -> bodies.AccountBody:
        async with _reading():
            found = await reader.account(member_id)
        return bodies.account_body(member_id, found)

    @router.get(
        "/members/{member_id}/announcements",
        operation_id="readAnnouncements",
        summary="Points that end within 90 days",
        dependencies=[Depends(reads_member)],
    )
    async def announced(member_id: Id) -> bodies.AnnouncementsBody:
        async with _reading():
            found = await reader.account(member_id)
        told = [bodies.announcement_body(one) for one in announcements(found)]
        return bodies.AnnouncementsBody(announcements=told, zone=found.zone)


def _add_entries(router: APIRouter, reader: Reader) -> None:
    @router.get(
        "/members/{member_id}/entries",
        operation_id="readEntries",
        summary="The ledger, newest first",
        dependencies=[Depends(reads_member)],
    )
    async def entries(
        member_id: Id,
        cause: Annotated[Cause | None, Query(description="Only the entry of this cause.")] = None,
        limit: _Limit = 50,
        cursor: _Cursor = None,
    ) -> bodies.EntriesBody:
        below = _below(cursor)
        async with _reading():
            if cause is not None:
                one = await reader.entry_of_cause(member_id, cause)
                found = [] if one is None else [one]
            else:
                # One more than asked for tells whether there is a next page.
                found = await reader.entries(member_id, below_seq=below, limit=limit + 1)
        shown = [bodies.entry_body(entry) for entry in found[:limit]]
        return bodies.EntriesBody(entries=shown, next_cursor=_next(found, limit))

    @router.get(
        "/members/{member_id}/expired",
        operation_id="readExpired",
        summary="Points that expired, the last first",
        dependencies=[Depends(reads_member)],
    )
    async def expired(
        member_id: Id, limit: _Limit = 50, cursor: _Cursor = None
    ) -> bodies.ExpiredBody:
        below = _below(cursor)
        async with _reading():
            found = await reader.expired(member_id, below_seq=below, limit=limit + 1)
        shown = [lot for entry in found[:limit] for lot in bodies.expired_bodies(entry)]
        return bodies.ExpiredBody(expired=shown, next_cursor=_next(found, limit))


def _add_rewards(router: APIRouter, reader: Reader) -> None:
    @router.get(
        "/rewards",
        operation_id="readRewards",
        summary="Rewards on sale",
        dependencies=[Depends(any_caller)],
    )
    async def rewards(
        band: _BandText = None, limit: _Limit = 50, cursor: _Cursor = None
    ) -> bodies.RewardsBody:
        wanted, after = _band(band), _after(cursor)
        async with _reading():
            found = await reader.rewards(wanted, after=after, limit=limit + 1)
        shown = [bodies.reward_body(one) for one in found[:limit]]
        return bodies.RewardsBody(rewards=shown, next_cursor=_next_reward(found, limit))

    @router.get(
        "/members/{member_id}/rewards",
        operation_id="readProspects",
        summary="Rewards on sale, and what is in the member's way",
        dependencies=[Depends(reads_member)],
    )
    async def prospects(
        member_id: Id, band: _BandText = None, limit: _Limit = 50, cursor: _Cursor = None
    ) -> bodies.ProspectsBody:
        wanted, after = _band(band), _after(cursor)
        async with _reading():
            account = await reader.account(member_id)
            found = await reader.rewards(wanted, after=after, limit=limit + 1)
            used = await reader.used(member_id, account.today.replace(day=1))
        has, zone = account.spendable, account.zone
        shown = [
            bodies.prospect_body(one, prospect_of(one, spendable=has, used=used, zone=zone))
            for one in found[:limit]
        ]
        return bodies.ProspectsBody(
            spendable=has, rewards=shown, next_cursor=_next_reward(found, limit)
        )


def _add_redemptions(router: APIRouter, reader: Reader) -> None:
    @router.get(
        "/members/{member_id}/redemptions",
        operation_id="readRedemptions",
        summary="Redemptions, newest first",
        dependencies=[Depends(reads_member)],
    )
    async def redemptions(
        member_id: Id,
        status: Annotated[_Status | None, Query(description="Only those in this status.")] = None,
        limit: _Limit = 50,
        cursor: _Cursor = None,
    ) -> bodies.RedemptionsBody:
        before = None if cursor is None else _told(decode_place, cursor)
        async with _reading():
            found = await reader.redemptions(
                member_id, status=status, before=before, limit=limit + 1
            )
        shown = found[:limit]
        last = Place(shown[-1].requested_at, shown[-1].redemption_id) if shown else None
        return bodies.RedemptionsBody(
            redemptions=[bodies.redemption_body(one) for one in shown],
            next_cursor=encode_place(last) if last and len(found) > limit else None,
        )


def _add_notices(router: APIRouter, reader: Reader) -> None:
    @router.get(
        "/members/{member_id}/notices",
        operation_id="readNotices",
        summary="The inbox, newest first",
        dependencies=[Depends(reads_member)],
    )
    async def notices(
        member_id: Id,
        language: Annotated[Language, Query(description="Of titles and bodies.")] = "zh-CN",
        limit: _Limit = 50,
        cursor: _Cursor = None,
    ) -> bodies.NoticesBody:
        below = _below(cursor)
        async with _reading():
            found = await reader.messages(member_id, below_id=below, limit=limit + 1)
        return bodies.NoticesBody(
            notices=[bodies.notice_body(one, language) for one in found[:limit]],
            next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None,
        )


@asynccontextmanager
async def _reading() -> AsyncIterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise unavailable() from error


def _told(decode: Callable[[str], T], cursor: str) -> T:
    try:
        return decode(cursor)
    except CursorError as error:
        title = "The cursor is not one that this service has given out"
        raise Problem(422, "invalid-cursor", title) from error


def _below(cursor: str | None) -> int:
    return MAX_SEQ if cursor is None else _told(decode_cursor, cursor)


def _after(cursor: str | None) -> int:
    return -1 if cursor is None else _told(decode_position, cursor)


def _band(text: str | None) -> Band:
    if text is None:
        return Band()
    low, _, below = text.partition("-")
    band = Band(low=int(low), below=int(below) if below else None)
    if band.below is not None and band.below <= band.low:
        detail = f"expected the second price to be above the first, got {text}"
        raise Problem(422, "invalid-band", "The band is empty", detail=detail)
    return band


def _next(found: Sequence[Entry], limit: int) -> str | None:
    return encode_cursor(found[limit - 1].seq) if len(found) > limit else None


def _next_reward(found: Sequence[Reward], limit: int) -> str | None:
    return encode_position(found[limit - 1].position) if len(found) > limit else None
