"""Rewards in the database: applied by an operator, with the stock they state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from shared.platform.postgres import Connection
from shared.platform.sql import load_statements
from shared.program.document import Document
from shared.rewards.errors import RewardsError
from shared.rewards.load import fault_at, load
from shared.rewards.models import Reward

_SQL: Final = load_statements("shared.rewards")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What there is of a reward; `total` is left, reserved and sold together."""

    reward_id: str
    offered: bool
    total: int
    reserved: int
    sold: int

    @property
    def left(self) -> int:
        """Pieces that can still be asked for."""
        return self.total - self.reserved - self.sold


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A document as applied, and the rewards it no longer offers."""

    revision: int
    offered: int
    withdrawn: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRewards:
    """A revision of the rewards with its document as it was applied."""

    revision: int
    newest: int
    document: str
    applied_by: str
    applied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A redemption as the people who pack it see it; `title` is the reward's by now."""

    member_id: str
    redemption_id: str
    reward_id: str
    title: str | None
    quantity: int
    points: int
    status: str
    version: int
    reason: str | None
    requested_at: datetime
    carrier: str | None
    tracking_no: str | None
    changed_at: datetime


async def apply(connection: Connection, text: str, *, by: str) -> Applied:
    """Put a document in force at once: rewards, prices, limits, and the stock they state.

    What is reserved or sold stays so; a stock below that is refused. Needs the owner's rights.
    Raises RewardsError.
    """
    rewards, document = load(text)
    offered = rewards.rewards
    ids, totals = [one.id for one in offered], [one.stock for one in offered]
    async with connection.transaction():
        await connection.execute(_SQL["lock_revisions"])
        await connection.execute(_SQL["lock_stock"], ids, totals)
        standings = {one.reward_id: one for one in await read_stock(connection)}
        _check_stock(offered, standings, document)
        await connection.execute(_SQL["set_totals"], ids, totals)
        revision: int = await connection.fetchval(_SQL["append"], text, by)
        rows = [_row(position, one) for position, one in enumerate(offered)]
        await connection.execute(_SQL["keep_rewards"], revision, orjson.dumps(rows))
        withdrawn = await connection.fetch(_SQL["withdraw"], revision, ids)
    return Applied(
        revision=revision,
        offered=len(offered),
        withdrawn=tuple(sorted([row["reward_id"] for row in withdrawn])),
    )


async def read_stock(connection: Connection) -> list[Standing]:
    """Read what there is of every reward, those no longer offered last."""
    return [Standing(**dict(row)) for row in await connection.fetch(_SQL["read_stock"])]


async def read_document(connection: Connection, revision: int | None) -> AppliedRewards | None:
    """Return a revision, or without a number the newest."""
    row = await connection.fetchrow(_SQL["read_document"], revision)
    return None if row is None else AppliedRewards(**dict(row))


async def list_redemptions(
    connection: Connection,
    *,
    state: str,
    member_id: str | None = None,
    reward_id: str | None = None,
    limit: int,
) -> list[Listed]:
    """List redemptions in one state, those that have been in it longest first."""
    rows = await connection.fetch(_SQL["list_redemptions"], state, member_id, reward_id, limit)
    return [Listed(**dict(row)) for row in rows]


def _check_stock(
    offered: Sequence[Reward], standings: Mapping[str, Standing], document: Document
) -> None:
    faults = []
    for i, reward in enumerate(offered):
        standing = standings[reward.id]
        taken = standing.reserved + standing.sold
        if reward.stock < taken:
            message = (
                f"expected at least {taken} ({standing.sold} sold, {standing.reserved} reserved),"
                f" got {reward.stock}"
            )
            faults.append(fault_at(("rewards", i, "stock"), message, document))
    if faults:
        raise RewardsError(faults)


def _row(position: int, reward: Reward) -> Mapping[str, object]:
    body = orjson.Fragment(reward.model_dump_json(by_alias=True))
    return {"reward_id": reward.id, "position": position, "body": body}
