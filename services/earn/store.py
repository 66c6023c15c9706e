"""Earn's rows: claims of orders and friends, awards, check-ins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import orjson

from services.earn.domain.award import AwardState
from services.earn.domain.check_in import CheckInDay
from services.earn.domain.desk import Desk, FriendClaim, OrderClaim
from shared.contract.check_ins import CheckInMade
from shared.contract.ledger_commands import ShareBonusReversed
from shared.contract.orders import OrderPaid, OrderRefunded
from shared.contract.shares import ShareOrdered
from shared.ledger.hash import date_text
from shared.pipeline.errors import LostRaceError
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements

_SQL: Final = load_statements("services.earn")


@dataclass(slots=True, kw_only=True)
class Told:
    """The events of a batch that need rows, by what they need."""

    orders: list[OrderPaid] = field(default_factory=list)
    refunds: list[OrderRefunded] = field(default_factory=list)
    check_ins: list[CheckInMade] = field(default_factory=list)
    friend_orders: list[ShareOrdered] = field(default_factory=list)
    reversals: list[ShareBonusReversed] = field(default_factory=list)


async def lock(connection: Connection, told: Told) -> Desk:
    """Claim the orders the events speak of, in the order of their ids."""
    owners: dict[str, str | None] = {}
    for order in told.orders:
        owners.setdefault(order.order_id, order.member_id)
    for refund in told.refunds:
        owners.setdefault(refund.order_id, None)
    for shared_order in told.friend_orders:
        owners.setdefault(shared_order.order_id, None)
    if not owners:
        return Desk()
    rows = await connection.fetch(_SQL["lock_orders"], list(owners), list(owners.values()))
    orders = {
        order_id: OrderClaim(member_id=member_id, settled=bool(settled), refunded=refunded)
        for order_id, member_id, refunded, settled in rows
    }
    return Desk(orders=orders)


async def load(
    connection: Connection, told: Told, check_ins: Sequence[tuple[str, date]], desk: Desk
) -> None:
    """Read awards, friends and check-in days; `check_ins` are (member, local day)."""
    if told.refunds:
        await _load_awards(connection, told.refunds, desk)
    if told.refunds or told.friend_orders or told.reversals:
        await _load_friends(connection, told, desk)
    if check_ins:
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


async def _load_awards(
    connection: Connection, refunds: Sequence[OrderRefunded], desk: Desk
) -> None:
    members = [refund.member_id for refund in refunds]
    orders = [refund.order_id for refund in refunds]
    for row in await connection.fetch(_SQL["load_awards"], members, orders):
        desk.awards[row["order_id"]] = AwardState(
            lines=tuple([(line[0], line[1], line[2]) for line in orjson.loads(row["lines"])]),
            currency=row["currency"],
            revision=row["revision"],
            awarded=row["awarded"],
            taken_back=row["taken_back"],
            expires_on=row["expires_on"],
        )


async def _load_friends(connection: Connection, told: Told, desk: Desk) -> None:
    friends = [share.friend_id for share in told.friend_orders]
    friends += [reversal.friend_id for reversal in told.reversals]
    orders = [refund.order_id for refund in told.refunds]
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
