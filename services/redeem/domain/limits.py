"""What may be in the way of a request: the same for a quote and for the real thing."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.redeem.domain.answer import Rejection, instant_text
from services.redeem.domain.desk import Desk, Shelf, Stock
from shared.contract.types import MAX_POINTS
from shared.ledger.book import Book, Today
from shared.ledger.entries import MemberId
from shared.program.dates import month_end
from shared.rewards.models import Reward


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a reservation is held, and how many one member may hold at a time."""

    reservation: timedelta = timedelta(minutes=15)
    most_open: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a member wants; `holds`: it is to be confirmed later."""

    member_id: MemberId
    reward_id: str
    quantity: int
    holds: bool
    at: datetime


def spendable(book: Book, today: Today) -> int:
    """Count the points whose date has not passed, whether or not the others have expired yet."""
    return sum([lot.points for day, lot in book.lots.items() if day >= today.day])


def used_this_month(desk: Desk, asked: Asked, day: date) -> int:
    """Count the pieces the member has of this month."""
    return desk.used.get((asked.member_id, asked.reward_id, day.replace(day=1)), 0)


def why_not(asked: Asked, desk: Desk, book: Book, policy: Policy, today: Today) -> Rejection | None:
    """Say the first thing that is in the way: the request, then the shop, then the member."""
    if today.now - asked.at > policy.reservation:
        return _too_old(asked, policy)
    shelf = desk.shelves.get(asked.reward_id)
    if shelf is None or shelf.reward is None:
        return Rejection("unknown-reward", {"reward_id": asked.reward_id})
    reward = shelf.reward
    return (
        _not_on_sale(asked, reward)
        or _too_few(asked, reward, shelf.stock, today)
        or _not_for_member(asked, reward, shelf, desk, today)
        or _holds_too_many(asked, desk, policy)
        or _too_dear(asked.quantity * reward.points, book, today)
    )


def _too_old(asked: Asked, policy: Policy) -> Rejection:
    seconds = int(policy.reservation.total_seconds())
    return Rejection(
        "too-old", {"requested_at": instant_text(asked.at), "at_most_seconds": seconds}
    )


def _not_on_sale(asked: Asked, reward: Reward) -> Rejection | None:
    begin, end = reward.on_sale.from_, reward.on_sale.until
    if (begin is None or asked.at >= begin) and (end is None or asked.at < end):
        return None
    return Rejection("not-on-sale", {"from": instant_text(begin), "until": instant_text(end)})


def _too_few(asked: Asked, reward: Reward, stock: Stock, today: Today) -> Rejection | None:
    if asked.quantity > stock.left:
        return Rejection("out-of-stock", {"left": stock.left, "asked": asked.quantity})
    day = stock.counting_day(today.day)
    used, limit = stock.used_on(day), reward.daily_limit
    if limit is None or used + asked.quantity <= limit:
        return None
    resets_at = instant_text(today.midnight_after(day))
    return Rejection(
        "daily-limit",
        {"limit": limit, "used": used, "asked": asked.quantity, "resets_at": resets_at},
    )


def _not_for_member(
    asked: Asked, reward: Reward, shelf: Shelf, desk: Desk, today: Today
) -> Rejection | None:
    if reward.tiers:
        # Nobody has a tier yet.
        return Rejection("tier-required", {"tiers": list(reward.tiers), "has": None})
    day, limit = shelf.stock.counting_day(today.day), reward.monthly_limit
    used = used_this_month(desk, asked, day)
    if limit is None or used + asked.quantity <= limit:
        return None
    resets_at = instant_text(today.midnight_after(month_end(day.year, day.month)))
    return Rejection(
        "member-monthly-limit",
        {"limit": limit, "used": used, "asked": asked.quantity, "resets_at": resets_at},
    )


def _holds_too_many(asked: Asked, desk: Desk, policy: Policy) -> Rejection | None:
    held = len(desk.held.get(asked.member_id, ()))
    if not asked.holds or held < policy.most_open:
        return None
    return Rejection("too-many-open", {"limit": policy.most_open, "open": held})


def _too_dear(points: int, book: Book, today: Today) -> Rejection | None:
    if points > MAX_POINTS:
        return Rejection("too-many-points", {"needs": points, "at_most": MAX_POINTS})
    has = spendable(book, today)
    if points <= has:
        return None
    return Rejection("insufficient-points", {"needs": points, "has": has, "owes": book.debt})
