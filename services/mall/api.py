"""The mall's HTTP routes: JSON in the shape that the program's pages need."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Final, Literal, Protocol, TypeAlias, TypeVar

from fastapi import APIRouter, Depends, Query
from starlette.routing import BaseRoute

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
from shared.platform.problem import Problem, refusals

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

    async def unread(self, member_id: str) -> int:
        """Count the messages of an inbox that nobody has read."""
        ...

    async def redemptions(
        self, member_id: str, *, status: str | None, before: Place | None, limit: int
    ) -> list[Redemption]:
        """Read redemptions before a place, newest first."""
        ...


def make_routes(reader: Reader) -> list[BaseRoute]:
    """Make the routes over a reader: members see their own, services and operators any."""
    responses = refusals()
    members = APIRouter(
        prefix="/v1/members/{member_id}", dependencies=[Depends(reads_member)], responses=responses
    )
    _add_account(members, reader)
    _add_entries(members, reader)
    _add_prospects(members, reader)
    _add_redemptions(members, reader)
    _add_notices(members, reader)
    rewards = APIRouter(prefix="/v1", dependencies=[Depends(any_caller)], responses=responses)
    _add_rewards(rewards, reader)
    return [*members.routes, *rewards.routes]


def _add_account(router: APIRouter, reader: Reader) -> None:
    @router.get("/account", operation_id="readAccount", summary="Balance and expiring points")
    async def account(member_id: Id) -> bodies.AccountBody:
        return bodies.account_body(member_id, await reader.account(member_id))

    @router.get(
        "/announcements",
        operation_id="readAnnouncements",
        summary="Points that end within 90 days",
    )
    async def announced(member_id: Id) -> bodies.AnnouncementsBody:
        found = await reader.account(member_id)
        told = [bodies.AnnouncementBody.model_validate(one) for one in announcements(found)]
        return bodies.AnnouncementsBody(announcements=told, zone=found.zone)


def _add_entries(router: APIRouter, reader: Reader) -> None:
    @router.get("/entries", operation_id="readEntries", summary="The ledger, newest first")
    async def entries(
        member_id: Id,
        cause: Annotated[Cause | None, Query(description="Only the entry of this cause.")] = None,
        limit: _Limit = 50,
        cursor: _Cursor = None,
    ) -> bodies.EntriesBody:
        below = _below(cursor)
        if cause is not None:
            one = await reader.entry_of_cause(member_id, cause)
            found = [] if one is None else [one]
        else:
            found = await reader.entries(member_id, below_seq=below, limit=limit + 1)
        shown, following = _page(found, limit, lambda one: encode_cursor(one.seq))
        return bodies.EntriesBody(
            entries=[bodies.EntryBody.model_validate(one) for one in shown], next_cursor=following
        )

    @router.get(
        "/expired", operation_id="readExpired", summary="Points that expired, the last first"
    )
    async def expired(
        member_id: Id, limit: _Limit = 50, cursor: _Cursor = None
    ) -> bodies.ExpiredBody:
        found = await reader.expired(member_id, below_seq=_below(cursor), limit=limit + 1)
        shown, following = _page(found, limit, lambda one: encode_cursor(one.seq))
        lots = [lot for entry in shown for lot in bodies.expired_bodies(entry)]
        return bodies.ExpiredBody(expired=lots, next_cursor=following)


def _add_rewards(router: APIRouter, reader: Reader) -> None:
    @router.get("/rewards", operation_id="readRewards", summary="Rewards on sale")
    async def rewards(
        band: _BandText = None, limit: _Limit = 50, cursor: _Cursor = None
    ) -> bodies.RewardsBody:
        found = await reader.rewards(_band(band), after=_after(cursor), limit=limit + 1)
        shown, following = _page(found, limit, lambda one: encode_position(one.position))
        return bodies.RewardsBody(
            rewards=[bodies.RewardBody.model_validate(one) for one in shown], next_cursor=following
        )


def _add_prospects(router: APIRouter, reader: Reader) -> None:
    @router.get(
        "/rewards",
        operation_id="readProspects",
        summary="Rewards on sale, and what is in the member's way",
    )
    async def prospects(
        member_id: Id, band: _BandText = None, limit: _Limit = 50, cursor: _Cursor = None
    ) -> bodies.ProspectsBody:
        wanted, after = _band(band), _after(cursor)
        account = await reader.account(member_id)
        found = await reader.rewards(wanted, after=after, limit=limit + 1)
        used = await reader.used(member_id, account.today.replace(day=1))
        shown, following = _page(found, limit, lambda one: encode_position(one.position))
        has, zone = account.spendable, account.zone
        told = [
            bodies.prospect_body(one, prospect_of(one, spendable=has, used=used, zone=zone))
            for one in shown
        ]
        return bodies.ProspectsBody(spendable=has, rewards=told, next_cursor=following)


def _add_redemptions(router: APIRouter, reader: Reader) -> None:
    @router.get("/redemptions", operation_id="readRedemptions", summary="Redemptions, newest first")
    async def redemptions(
        member_id: Id,
        status: Annotated[_Status | None, Query(description="Only those in this status.")] = None,
        limit: _Limit = 50,
        cursor: _Cursor = None,
    ) -> bodies.RedemptionsBody:
        before = None if cursor is None else _told(decode_place, cursor)
        found = await reader.redemptions(member_id, status=status, before=before, limit=limit + 1)
        shown, following = _page(found, limit, lambda one: encode_place(one.place))
        return bodies.RedemptionsBody(
            redemptions=[bodies.RedemptionBody.model_validate(one) for one in shown],
            next_cursor=following,
        )


def _add_notices(router: APIRouter, reader: Reader) -> None:
    @router.get("/notices", operation_id="readNotices", summary="The inbox, newest first")
    async def notices(
        member_id: Id,
        language: Annotated[Language, Query(description="Of titles and bodies.")] = "zh-CN",
        limit: _Limit = 50,
        cursor: _Cursor = None,
    ) -> bodies.NoticesBody:
        found = await reader.messages(member_id, below_id=_below(cursor), limit=limit + 1)
        shown, following = _page(found, limit, lambda one: encode_cursor(one.id))
        return bodies.NoticesBody(
            unread=await reader.unread(member_id),
            notices=[bodies.notice_body(one, language) for one in shown],
            next_cursor=following,
        )


def _page(
    found: Sequence[T], limit: int, cursor: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """Take a page off what was found, which is one more than asked for where there is a next."""
    shown = found[:limit]
    return shown, cursor(shown[-1]) if len(found) > limit else None


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
