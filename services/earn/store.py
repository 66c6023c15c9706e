"""Earn's rows: claims of orders and friends, awards, check-ins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

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
from shared.platform.postgres import Connection, lines
from shared.platform.sql import load_statements
from shared.program.dates import local_day

if TYPE_CHECKING:
    from datetime import date

_SQL: Final = load_statements("services.earn")

_UNPAID: Final = ("", "", "")
"""The claim of an order that has not been paid yet: of nobody, in no currency, without lines."""


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
    claims: dict[str, tuple[str, str, str]] = {}
    for order in told.orders:
        if order.order_id not in claims:
            claims[order.order_id] = (order.member_id, order.currency, _paid_lines(order))
    for refund in told.refunds:
        claims.setdefault(refund.order_id, _UNPAID)
    for shared_order in told.friend_orders:
        claims.setdefault(shared_order.order_id, _UNPAID)
    if not claims:
        return Desk()
    rows = await connection.fetch(
        _SQL["lock_orders"], lines(claims), *map(lines, zip(*claims.values(), strict=True))
    )
    orders = {
        order_id: OrderClaim(member_id=member_id or None, settled=False, refunded=False)
        for order_id, (member_id, _, _) in claims.items()
    }
    for order_id, member_id, refunded in rows:
        orders[order_id] = OrderClaim(member_id=member_id, settled=True, refunded=refunded)
    return Desk(orders=orders)


async def load(connection: Connection, told: Told, desk: Desk, zone: str) -> None:
    """Read awards, friends and check-in days; days are local days in `zone`."""
    if told.refunds:
        await _load_awards(connection, told.refunds, desk, zone)
    if told.refunds or told.friend_orders or told.reversals:
        await _load_friends(connection, told, desk)
    if told.check_ins:
        await _load_days(connection, told.check_ins, desk, zone)


async def save(connection: Connection, desk: Desk) -> None:
    """Write what deciding changed; raises LostRaceError where another sharer was first."""
    if desk.changed_awards:
        rows = [_award(order_id, desk) for order_id in sorted(desk.changed_awards)]
        await connection.execute(_SQL["keep_awards"], orjson.dumps(rows))
    if desk.changed_days:
        days = [_day(member_id, day) for (member_id, _), day in desk.changed_days.items()]
        await connection.execute(_SQL["keep_days"], orjson.dumps(days))
    if desk.new_friends:
        claims = [_friend(claim) for claim in desk.new_friends.values()]
        kept = await connection.fetch(_SQL["keep_friends"], orjson.dumps(claims))
        if len(kept) != len(claims):
            raise LostRaceError("another sharer was paid for the same friend meanwhile")


async def _load_awards(
    connection: Connection, refunds: Sequence[OrderRefunded], desk: Desk, zone: str
) -> None:
    members = lines(refund.member_id for refund in refunds)
    orders = lines(refund.order_id for refund in refunds)
    for row in await connection.fetch(_SQL["load_awards"], members, orders):
        desk.awards[row["order_id"]] = AwardState(
            lines=tuple([(line[0], line[1], line[2]) for line in orjson.loads(row["lines"])]),
            currency=row["currency"],
            revision=row["revision"],
            awarded=row["points"],
            taken_back=row["taken_back"],
            day=local_day(row["occurred_at"], zone),
        )


async def _load_friends(connection: Connection, told: Told, desk: Desk) -> None:
    friends = [share.friend_id for share in told.friend_orders]
    friends += [reversal.friend_id for reversal in told.reversals]
    orders = [refund.order_id for refund in told.refunds]
    for row in await connection.fetch(_SQL["load_friends"], lines(friends), lines(orders)):
        claim = FriendClaim(**dict(row))
        desk.friends[claim.friend_id] = desk.sharers[claim.order_id] = claim


async def _load_days(
    connection: Connection, check_ins: Iterable[CheckInMade], desk: Desk, zone: str
) -> None:
    since: dict[str, date] = {}
    for made in check_ins:
        first = local_day(made.made_at, zone).replace(day=1)
        since[made.member_id] = min(first, since.get(made.member_id, first))
    days = lines(map(str, since.values()))
    for row in await connection.fetch(_SQL["load_days"], lines(since), days):
        known = CheckInDay(
            day=row["day"],
            run=row["run"],
            count=row["count"],
            points=row["points"],
            revision=row["revision"],
            corrections=row["corrections"],
        )
        desk.days.setdefault(row["member_id"], []).append(known)


def _paid_lines(order: OrderPaid) -> str:
    return orjson.dumps([(line.line_id, line.paid_minor, 0) for line in order.lines]).decode()


def _award(order_id: str, desk: Desk) -> Mapping[str, object]:
    award = desk.awards[order_id]
    return {
        "order_id": order_id,
        "lines": award.lines,
        "taken_back": award.taken_back,
        "refunded": desk.orders[order_id].refunded,
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
