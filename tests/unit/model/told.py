"""Short ways to say what happened; `ann` orders, `bob` shares, all at noon in Shanghai."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tests.support.model import Account, Event, World


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+08:00")


def on(day: str) -> date:
    return date.fromisoformat(day)


def tell(world: World, *events: Event, now: str = "2024-01-20") -> None:
    for event in events:
        world.tell(event, noon(now))


def line_points(account: Account) -> list[tuple[str, str, int, int]]:
    """The ledger without its lots: cause, kind, points, balance."""
    return [(entry.cause, entry.kind, entry.points, entry.balance) for entry in account.entries]


def paid(
    order_id: str = "o1",
    *,
    member: str = "ann",
    day: str = "2024-01-10",
    currency: str = "CNY",
    **lines: int,
) -> Event:
    """An order of those lines and their money; of one line `a` of 100 yuan if none is named."""
    goods = lines or {"a": 10_000}
    return paid_for(goods, order_id, member=member, day=day, currency=currency)


def paid_for(
    goods: Mapping[str, int],
    order_id: str = "o1",
    *,
    member: str = "ann",
    day: str = "2024-01-10",
    currency: str = "CNY",
) -> Event:
    data = {
        "order_id": order_id,
        "member_id": member,
        "paid_at": noon(day).isoformat(),
        "currency": currency,
        "lines": [
            {"line_id": line_id, "sku": "mug", "quantity": 1, "paid_minor": minor}
            for line_id, minor in goods.items()
        ],
        "shipping_minor": 800,
    }
    return {"type": "order.paid.v1", "data": data}


def refunded(
    refund_id: str = "r1",
    *,
    order_id: str = "o1",
    member: str = "ann",
    day: str = "2024-01-12",
    amount: int | None = None,
    **lines: int,
) -> Event:
    data: dict[str, Any] = {
        "refund_id": refund_id,
        "order_id": order_id,
        "member_id": member,
        "refunded_at": noon(day).isoformat(),
    }
    if amount is None:
        data["lines"] = [{"line_id": name, "paid_minor": minor} for name, minor in lines.items()]
    else:
        data["amount_minor"] = amount
    return {"type": "order.refunded.v1", "data": data}


def came(day: str, *, member: str = "ann", at: str | None = None) -> Event:
    data = {"member_id": member, "made_at": at or noon(day).isoformat()}
    return {"type": "check-in.made.v1", "data": data}


def clicked(*, sharer: str = "bob", friend: str = "ann", day: str = "2024-01-09") -> Event:
    data = {
        "share_id": "s1",
        "member_id": sharer,
        "friend_id": friend,
        "clicked_at": noon(day).isoformat(),
    }
    return {"type": "share.clicked.v1", "data": data}


def friend_ordered(
    order_id: str = "o1", *, sharer: str = "bob", friend: str = "ann", day: str = "2024-01-10"
) -> Event:
    data = {
        "share_id": "s1",
        "member_id": sharer,
        "friend_id": friend,
        "order_id": order_id,
        "ordered_at": noon(day).isoformat(),
    }
    return {"type": "share.ordered.v1", "data": data}
