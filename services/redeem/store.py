"""Redeem's rows: redemptions, stock, the answers of commands, and the events of statuses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import asyncpg
import orjson

from services.redeem.domain.answer import Answer, accepted, to_json
from services.redeem.domain.desk import Decided, Desk, Kept, Shelf, StatusEvent, Stock
from services.redeem.domain.events import data_of, type_of
from services.redeem.domain.redemption import Redemption, RedemptionKey
from shared.ledger.book import Book, empty_book
from shared.ledger.entries import Cause, LotMove, MemberId
from shared.ledger.hash import dates_text, points_text
from shared.ledger.lots import Lots
from shared.pipeline.errors import LostRaceError
from shared.platform.postgres import Connection, lines
from shared.platform.sql import load_statements
from shared.rewards.models import Goods

_SQL: Final = load_statements("services.redeem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a batch is about: members, redemptions by key, and the rewards that are asked for.

    `moves_stock`: the redemptions whose pieces a command may sell or put back.
    """

    members: Sequence[MemberId]
    redemptions: Sequence[RedemptionKey] = ()
    moves_stock: frozenset[RedemptionKey] = frozenset()
    rewards: Sequence[str] = ()


class Due(NamedTuple):
    """A reservation whose time is over."""

    member_id: MemberId
    redemption_id: str


async def lock(connection: Connection, needs: Needs) -> Desk:
    """Lay out the redemptions, and lock and read the stock that deciding may move.

    The members' accounts are locked, and their redemptions with them; stock comes last. The
    members' own reservations are there too: those whose time is over are released first.
    """
    desk = Desk()
    rewards = await _lay_out(connection, needs, desk)
    if rewards:
        _put_up(await connection.fetch(_SQL["lock_shelves"], rewards), desk)
    return desk


async def read(connection: Connection, needs: Needs) -> Desk:
    """Lay out the same without any lock, for what is only to be told."""
    desk = Desk()
    rewards = await _lay_out(connection, needs, desk)
    _put_up(await connection.fetch(_SQL["load_shelves"], rewards), desk)
    return desk


async def read_book(connection: Connection, member_id: MemberId) -> Book:
    """Read a member's account without its lock; one that was never opened is empty."""
    row = await connection.fetchrow(_SQL["read_account"], member_id)
    if row is None:
        return empty_book(member_id)
    return Book(
        member_id=member_id,
        balance=row["balance"],
        seq=row["seq"],
        head=row["head_hash"],
        posted_at=row["posted_at"],
        lots=Lots(),
    )


async def find(connection: Connection, member_id: MemberId, redemption_id: str) -> Answer | None:
    """Read a redemption as it is now, in the shape of an answer; None where there is none."""
    rows = await connection.fetch(_SQL["load_redemptions"], "", member_id, redemption_id)
    if not rows:
        return None
    return Answer.model_validate_json(to_json(accepted(_redemption(rows[0]))))


async def _lay_out(connection: Connection, needs: Needs, desk: Desk) -> list[str]:
    """Lay out redemptions; return the rewards whose stock deciding may move."""
    owners = lines([member for member, _ in needs.redemptions])
    names = lines([name for _, name in needs.redemptions])
    rewards = set(needs.rewards)
    for row in await connection.fetch(
        _SQL["load_redemptions"], lines(needs.members), owners, names
    ):
        redemption = _redemption(row)
        desk.put(redemption)
        if row["due"] or redemption.key in needs.moves_stock:
            rewards.add(redemption.reward_id)
    return sorted(rewards)


def _put_up(shelves: Iterable[asyncpg.Record], desk: Desk) -> None:
    for row in shelves:
        desk.shelves[row["reward_id"]] = _shelf(row)


async def load(
    connection: Connection,
    causes: Sequence[tuple[MemberId, Cause]],
    asked: Iterable[tuple[MemberId, str]],
    zone: str,
    desk: Desk,
) -> None:
    """Read which commands were decided before, and what members had this month.

    `asked` are members with the rewards they ask for.
    """
    members, told = lines([one for one, _ in causes]), lines([cause for _, cause in causes])
    for row in await connection.fetch(_SQL["load_commands"], members, told):
        key = (MemberId(row["member_id"]), Cause(row["cause"]))
        desk.kept[key] = Kept(fingerprint=row["fingerprint"], answer=orjson.loads(row["answer"]))
    limited = [(member, name) for member, name in asked if _is_limited(desk.shelves.get(name))]
    if limited:
        askers, rewards = {member for member, _ in limited}, {name for _, name in limited}
        rows = await connection.fetch(_SQL["load_used"], list(askers), list(rewards), zone)
        for row in rows:
            desk.used[MemberId(row["member_id"]), row["reward_id"], row["month"]] = row["used"]


async def save(connection: Connection, desk: Desk) -> None:
    """Write what deciding changed; raises LostRaceError where a command was decided meanwhile."""
    if desk.made:
        made = [_purchase(desk.redemptions[key]) for key in desk.made]
        await connection.execute(_SQL["keep_purchases"], made)
    if moved := desk.changed - desk.made:
        await _move(connection, [desk.redemptions[key] for key in moved])
    if desk.moved_stock:
        await _save_stock(connection, desk)
    if desk.decided:
        await _save_commands(connection, desk.decided)
    if desk.events:
        await _announce(connection, desk.events)


async def find_due(connection: Connection, limit: int, left_alone: Iterable[MemberId]) -> list[Due]:
    """Find reservations whose time is over, the oldest first, but those of some members."""
    rows = await connection.fetch(_SQL["find_due"], limit, lines(left_alone))
    return [Due(**dict(row)) for row in rows]


async def read_overdue_seconds(connection: Connection) -> float:
    """Read how long ago the time of the oldest reservation was over, those left alone included."""
    seconds: float = await connection.fetchval(_SQL["overdue_seconds"])
    return seconds


def _purchase(one: Redemption) -> tuple[object, ...]:
    """Return a row of `redeem.purchase`: a new redemption."""
    return (
        one.member_id,
        one.redemption_id,
        one.reward_id,
        one.kind,
        one.quantity,
        one.points,
        one.balance,
        one.status,
        one.version,
        one.reason,
        one.rewards_revision,
        f"{{{dates_text(one.lots)}}}",
        f"{{{points_text(one.lots)}}}",
        one.counted_on,
        one.requested_at,
        one.reserved_until,
        one.carrier,
        one.tracking_no,
        one.changed_at,
    )


async def _move(connection: Connection, moved: Sequence[Redemption]) -> None:
    await connection.execute(
        _SQL["move_redemptions"],
        lines([one.member_id for one in moved]),
        lines([one.redemption_id for one in moved]),
        lines([one.status for one in moved]),
        [one.version for one in moved],
        [one.reason for one in moved],
        [one.carrier for one in moved],
        [one.tracking_no for one in moved],
        [one.changed_at for one in moved],
    )


async def _save_commands(connection: Connection, decided: Sequence[Decided]) -> None:
    kept = await connection.fetch(
        _SQL["keep_commands"],
        lines([one.member_id for one in decided]),
        lines([one.cause for one in decided]),
        [one.kept.fingerprint for one in decided],
        [to_json(one.kept.answer).decode() for one in decided],
        [one.at for one in decided],
    )
    if len(kept) != len(decided):
        raise LostRaceError("a command was decided by another writer meanwhile")


async def _announce(connection: Connection, events: Sequence[StatusEvent]) -> None:
    await connection.execute(
        _SQL["announce"],
        lines([one.member_id for one in events]),
        lines([f"{one.member_id}/{one.redemption_id}/{one.version}" for one in events]),
        lines([type_of(one) for one in events]),
        lines([data_of(one) for one in events]),
        [one.traceparent for one in events],
    )


async def _save_stock(connection: Connection, desk: Desk) -> None:
    names = sorted(desk.moved_stock)
    stocks = [desk.shelves[name].stock for name in names]
    await connection.execute(
        _SQL["keep_stock"],
        names,
        [one.reserved for one in stocks],
        [one.sold for one in stocks],
        [one.day for one in stocks],
        [one.day_used for one in stocks],
    )


def _is_limited(shelf: Shelf | None) -> bool:
    return shelf is not None and shelf.reward is not None and bool(shelf.reward.monthly_limit)


def _shelf(row: asyncpg.Record) -> Shelf:
    return Shelf(
        reward=Goods.model_validate_json(row["body"]) if row["offered"] else None,
        revision=row["revision"],
        stock=Stock(
            total=row["total"],
            reserved=row["reserved"],
            sold=row["sold"],
            day=row["day"],
            day_used=row["day_used"],
        ),
    )


def _redemption(row: asyncpg.Record) -> Redemption:
    columns = dict(row)
    del columns["due"]
    moves = zip(columns.pop("lot_dates"), columns.pop("lot_points"), strict=True)
    return Redemption(lots=tuple([LotMove(day, points) for day, points in moves]), **columns)
