"""What the mall answers, as JSON, and how it is made of what was read."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

import orjson
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from services.mall.domain.account import Account, Entry, Stage
from services.mall.domain.catalogue import Obstacle, Prospect, Reward
from services.mall.domain.inbox import Message
from shared.notices.render import render
from shared.notices.words import Language


class _Body(BaseModel):
    """A body made of what the domain says, where the names are the same."""

    model_config = ConfigDict(from_attributes=True)


_NEXT = Field(description="Ask for the next page with it; null at the end.")


class LotBody(_Body):
    """Points with one expiry date."""

    expires_on: date | None = Field(
        description="The last day, in the program's time zone, on which the points can be spent;"
        " null is never."
    )
    points: int


class AccountBody(BaseModel):
    """A member's points. An id that nothing has happened to yet has zeros, not an error."""

    member_id: str
    balance: int = Field(description="The sum of all entries; below zero it is a debt.")
    spendable: int = Field(description="What can be spent now: the sum of `expiring`.")
    held: int = Field(description="Points that unfinished redemptions hold.")
    debt: int = Field(description="Points that the next earnings repay first.")
    expiring: list[LotBody] = Field(description="What can be spent, by expiry date, next first.")
    zone: str = Field(description="The program's time zone: dates are days there.")


class EntryBody(_Body):
    """One line of a member's ledger."""

    entry_id: str
    seq: int = Field(description="1, 2, 3 … without gaps, per member.")
    cause: str = Field(description="What happened in the world, once per member.")
    kind: str
    points: int = Field(description="What it changed; 0 where the reason says why not.")
    balance: int = Field(description="The balance after it.")
    lots: list[LotBody] = Field(description="The lots it changed, and by how much.")
    reason: Annotated[JsonValue, BeforeValidator(orjson.loads)] = Field(
        description="Why this many points, as recorded when it was posted."
    )
    revision: int | None = Field(description="The revision of the program that decided it.")
    occurred_at: AwareDatetime
    posted_at: AwareDatetime


class EntriesBody(BaseModel):
    """A page of entries."""

    entries: list[EntryBody]
    next_cursor: str | None = _NEXT


class ExpiredLotBody(BaseModel):
    """Points that were not spent in time."""

    expires_on: date = Field(description="The last day on which they could be spent.")
    points: int
    entry_id: str
    posted_at: AwareDatetime


class ExpiredBody(BaseModel):
    """A page of points that expired, the last first."""

    expired: list[ExpiredLotBody]
    next_cursor: str | None = _NEXT


class AnnouncementBody(_Body):
    """Points that end soon, for a page to show."""

    stage: Stage = Field(description="Within how many days; 7 and 1 ask for a strong prompt.")
    expires_on: date
    days_left: int = Field(description="0 on the last day.")
    points: int = Field(description="What is unspent of them now.")


class AnnouncementsBody(BaseModel):
    """What ends within 90 days, the next first."""

    announcements: list[AnnouncementBody]
    zone: str = Field(description="The program's time zone: dates are days there.")


class LimitBody(_Body):
    """How many pieces are left of a limit, and when it begins anew."""

    limit: int
    left: int
    resets_at: AwareDatetime


class RewardBody(_Body):
    """A reward that is on sale now."""

    reward_id: str
    kind: str
    title: str
    points: int = Field(description="The price of one piece.")
    stock_left: int
    daily: LimitBody | None = Field(description="Of all members together.")
    monthly_limit: int | None = Field(description="Pieces a month, of each member.")
    on_sale_from: AwareDatetime | None
    on_sale_until: AwareDatetime | None = Field(description="Asked for then is too late.")
    tiers: list[str] = Field(description="The levels that may have it; empty: every member.")


class RewardsBody(BaseModel):
    """A page of rewards, in the order the merchant gave them."""

    rewards: list[RewardBody]
    next_cursor: str | None = _NEXT


class ProspectBody(RewardBody):
    """A reward, and what it is to this member."""

    affordable: bool = Field(description="Whether the points for one piece are there.")
    missing: int = Field(description="Points that are missing for one piece.")
    monthly: LimitBody | None = Field(description="What is left of the member's month.")
    obstacles: list[Obstacle] = Field(
        description=(
            "All that one piece would be refused for now; empty: it can be had, by a member who has"
            " no more reservations open than one may have."
        )
    )


class ProspectsBody(BaseModel):
    """A page of rewards for a member."""

    spendable: int = Field(description="The points that this was reckoned with.")
    rewards: list[ProspectBody]
    next_cursor: str | None = _NEXT


class RedemptionBody(_Body):
    """One purchase."""

    redemption_id: str
    reward_id: str
    title: str | None = Field(description="The reward's, as it is called by now.")
    kind: str
    quantity: int
    points: int = Field(description="The whole price.")
    status: str
    version: int = Field(description="Counts its statuses.")
    reason: str | None = Field(description="Why it was cancelled.")
    lots: list[LotBody] = Field(description="Where the points came from, and would go back to.")
    requested_at: AwareDatetime
    reserved_until: AwareDatetime | None = Field(description="Of a reservation: confirm by then.")
    carrier: str | None
    tracking_no: str | None
    changed_at: AwareDatetime


class RedemptionsBody(BaseModel):
    """A page of redemptions, newest first."""

    redemptions: list[RedemptionBody]
    next_cursor: str | None = _NEXT


class NoticeBody(BaseModel):
    """One message of the inbox, in the language that was asked for."""

    notice_id: int
    cause: str = Field(description="What it tells of, once per member.")
    template: str = Field(description="What kind of message it is; stable.")
    title: str = Field(description="Plain text: escape it for a page.")
    body: str = Field(description="Plain text: escape it for a page.")
    data: JsonValue = Field(description="What title and body are made from.")
    created_at: AwareDatetime
    read_at: AwareDatetime | None = Field(
        description="When it was marked as read, with notify; null if it was not."
    )


class NoticesBody(BaseModel):
    """A page of the inbox, newest first."""

    unread: int = Field(description="Messages of the whole inbox that were not marked as read.")
    notices: list[NoticeBody]
    next_cursor: str | None = _NEXT


def account_body(member_id: str, account: Account) -> AccountBody:
    """Return an account as JSON."""
    return AccountBody(
        member_id=member_id,
        balance=account.balance,
        spendable=account.spendable,
        held=account.held,
        debt=account.debt,
        expiring=[LotBody.model_validate(lot) for lot in account.lots],
        zone=account.zone,
    )


def expired_bodies(entry: Entry) -> list[ExpiredLotBody]:
    """Return what an entry says expired."""
    return [
        ExpiredLotBody(
            expires_on=lot.expires_on,
            points=-lot.points,
            entry_id=entry.entry_id,
            posted_at=entry.posted_at,
        )
        for lot in entry.lots
        if lot.expires_on is not None
    ]


def prospect_body(reward: Reward, prospect: Prospect) -> ProspectBody:
    """Return a reward with what it is to a member."""
    return ProspectBody.model_validate(asdict(reward) | asdict(prospect))


def notice_body(message: Message, language: Language) -> NoticeBody:
    """Return a message as JSON, as text in a language."""
    data = orjson.loads(message.data)
    text = render(message.template, data, language)
    return NoticeBody(
        notice_id=message.id,
        cause=message.cause,
        template=message.template,
        title=text.title,
        body=text.body,
        data=data,
        created_at=message.created_at,
        read_at=message.read_at,
    )
