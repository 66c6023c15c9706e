"""Earn's rows: claims of orders and friends, awards, check-ins."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import orjson

from services.earn.domain.award import AwardState
from services.earn.domain.check_in import CheckInDay
from services.earn.domain.desk import Desk, FriendClaim, OrderClaim
from shared.contract.orders import OrderPaid, OrderRefunded
from shared.contract.shares import ShareOrdered
from shared.contract.wire import Wire
from shared.ledger.hash import date_text
from shared.pipeline.errors import LostRaceError
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements

_SQL: Final = load_statements("services.earn")


async def lock(connection: Connection, events: Sequence[Wire]) -> Desk:
    """Claim the orders the events speak of, in the order of their ids."""
    owners: dict[str, str | None] = {}
    for data in events:
        if isinstance(data, OrderPaid):
            owners[data.order_id] = owners.get(data.order_id) or data.member_id
        elif isinstance(data, OrderRefunded | ShareOrdered):
            owners.setdefault(data.order_id, None)
    if not owners:
        return Desk()
    rows = await connection.fetch(_SQL["lock_orders"], list(owners), list(owners.values()))
    orders = {
        row["order_id"]: OrderClaim(
            member_id=row["member_id"], settled=bool(row["settled"]), refunded=row["refunded"]
        )
        for row in rows
    }
    return Desk(orders=orders)


async def load(
    connection: Connection,
    events: Sequence[Wire],
    check_ins: Iterable[tuple[str, date]],
    desk: Desk,
) -> None:
    """Read awards, friends and check-in days; `check_ins` are (member, local day)."""
    refunds = [data for data in events if isinstance(data, OrderRefunded)]
    if refunds:
        members = [data.member_id for data in refunds]
        orders = [data.order_id for data in refunds]
        for row in await connection.fetch(_SQL["load_awards"], members, orders):
            desk.awards[row["order_id"]] = AwardState(
                lines=tuple([(line[0], line[1], line[2]) for line in orjson.loads(row["lines"])]),
                currency=row["currency"],
                revision=row["revision"],
                awarded=row["awarded"],
                taken_back=row["taken_back"],
                expires_on=row["expires_on"],
            )
    await _load_friends(connection, events, desk)
    await _load_days(connection, check_ins, desk)


async def save(connection: Connection, desk: Desk) -> None:
    """Write what deciding changed; raises LostRaceError where another sharer was first."""
    if desk.changed_awards:
        rows = [
            _award(member_id, order_id, desk.awards[order_id])
            for order_id, member_id in desk.changed_awards.items()
        ]
        await connection.execute(_SQL["keep_awards"], orjson.dumps(rows))
    if desk.changed_days:
        days = [_day(member_id, day) for (member_id, _), day in desk.changed_days.items()]
        await connection.execute(_SQL["keep_days"], orjson.dumps(days))
    if desk.emptied_orders:
        await connection.execute(_SQL["close_orders"], sorted(desk.emptied_orders))
    if desk.new_friends:
        claims = [_friend(claim) for claim in desk.new_friends.values()]
        kept = await connection.fetch(_SQL["keep_friends"], orjson.dumps(claims))
        if len(kept) != len(claims):
            raise LostRaceError("another sharer was paid for the same friend meanwhile")


async def _load_friends(connection: Connection, events: Sequence[Wire], desk: Desk) -> None:
    friends = [data.friend_id for data in events if isinstance(data, ShareOrdered)]
    orders = [data.order_id for data in events if isinstance(data, OrderRefunded)]
    if not friends and not orders:
        return
    for row in await connection.fetch(_SQL["load_friends"], friends, orders):
        claim = FriendClaim(**dict(row))
        desk.friends[claim.friend_id] = desk.sharers[claim.order_id] = claim


async def _load_days(
    connection: Connection, check_ins: Iterable[tuple[str, date]], desk: Desk
) -> None:
    since: dict[str, date] = {}
    for member_id, day in check_ins:
        first = day.replace(day=1)
        since[member_id] = min(first, since.get(member_id, first))
    if not since:
        return
    for row in await connection.fetch(_SQL["load_days"], list(since), list(since.values())):
        known = CheckInDay(
            day=row["day"],
            run=row["run"],
            count=row["count"],
            points=row["points"],
            revision=row["revision"],
            corrections=row["corrections"],
        )
        desk.days.setdefault(row["member_id"], []).append(known)


def _award(member_id: str, order_id: str, award: AwardState) -> Mapping[str, object]:
    return {
        "member_id": member_id,
        "order_id": order_id,
        "currency": award.currency,
        "revision": award.revision,
        "awarded": award.awarded,
        "taken_back": award.taken_back,
        "expires_on": date_text(award.expires_on),
        "lines": award.lines,
    }


def _day(member_id: str, day: CheckInDay) -> Mapping[str, object]:
    return {
        "member_id": member_id,
        "day": day.day,
        "run": day.run,
        "count": day.count,
        "points": day.points,
        "revision": day.revision,
        "corrections": day.corrections,
    }


def _friend(claim: FriendClaim) -> Mapping[str, object]:
    return {
        "friend_id": claim.friend_id,
        "member_id": claim.member_id,
        "order_id": claim.order_id,
        "points": claim.points,
        "expires_on": date_text(claim.expires_on),
    }
