"""A quote: what a request would come to now, by the very rules that decide it. Pure."""

from collections.abc import Sequence
from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from services.redeem.domain.answer import LotPart, Reason, lot_parts
from services.redeem.domain.decide import release_due
from services.redeem.domain.desk import Desk, Shelf
from services.redeem.domain.limits import Asked, Policy, used_this_month, why_not
from shared.ledger.book import Book, Today
from shared.ledger.entries import LotMove
from shared.pipeline.command import Moment
from shared.program.dates import month_end
from shared.rewards.models import Reward


class Limit(BaseModel):
    """How many pieces are left of a limit, and when it begins anew."""

    model_config = ConfigDict(frozen=True)

    limit: int
    left: int
    resets_at: AwareDatetime


class Quote(BaseModel):
    """What a request would come to; `reason` and `figures` where it would be refused now."""

    model_config = ConfigDict(frozen=True)

    reward_id: str
    title: str | None = None
    quantity: int
    points: int | None = Field(default=None, description="The whole price.")
    lots: tuple[LotPart, ...] = Field(
        default=(), description="The lots that would be spent, the earliest to expire first."
    )
    balance_after: int | None = None
    stock_left: int | None = None
    daily: Limit | None = Field(default=None, description="Of all members together.")
    monthly: Limit | None = Field(default=None, description="Of this member.")
    open_left: int | None = Field(default=None, description="Reservations the member may add.")
    reason: Reason | None = None
    figures: dict[str, JsonValue] | None = None


def quote(asked: Asked, book: Book, desk: Desk, moment: Moment, *, policy: Policy) -> Quote:
    """Say what a request would come to.

    Book and desk are scratch: what a request would release and expire first is done on them, and
    they are not to be stored.
    """
    today = moment.today
    release_due(book, desk, moment)
    book.settle(today)
    rejection = why_not(asked, desk, book, policy, today)
    found = Quote(
        reward_id=asked.reward_id,
        quantity=asked.quantity,
        reason=None if rejection is None else rejection.reason,
        figures=None if rejection is None else dict(rejection.figures),
    )
    shelf = desk.shelves.get(asked.reward_id)
    if shelf is None or shelf.reward is None:
        return found
    points = shelf.reward.points * asked.quantity
    affordable = points <= book.balance
    return found.model_copy(
        update={
            "title": shelf.reward.title,
            "points": points,
            "lots": _spent(book.lots.take(points)) if affordable else (),
            "balance_after": book.balance - points if affordable else None,
            "stock_left": shelf.stock.left,
            "daily": _daily(shelf.reward, shelf, today),
            "monthly": _monthly(asked, shelf.reward, shelf, desk, today),
            "open_left": max(0, policy.most_open - len(desk.open_of(asked.member_id))),
        }
    )


def _spent(moves: Sequence[LotMove]) -> tuple[LotPart, ...]:
    return lot_parts([LotMove(day, -points) for day, points in moves])


def _daily(reward: Reward, shelf: Shelf, today: Today) -> Limit | None:
    if reward.daily_limit is None:
        return None
    day = shelf.stock.counting_day(today.day)
    return _limit(reward.daily_limit, shelf.stock.used_on(day), day, today)


def _monthly(asked: Asked, reward: Reward, shelf: Shelf, desk: Desk, today: Today) -> Limit | None:
    if reward.monthly_limit is None:
        return None
    day = shelf.stock.counting_day(today.day)
    used = used_this_month(desk, asked, day)
    return _limit(reward.monthly_limit, used, month_end(day.year, day.month), today)


def _limit(limit: int, used: int, last_day: date, today: Today) -> Limit:
    return Limit(limit=limit, left=max(0, limit - used), resets_at=today.midnight_after(last_day))
