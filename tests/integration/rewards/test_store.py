"""Rewards applied to a real database: stock moves, and what is taken stays taken."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.platform import postgres
from shared.platform.postgres import Connection
from shared.rewards.errors import RewardsError
from shared.rewards.store import Standing, apply, read_document, read_stock
from tests.support.databases import Database

pytestmark = pytest.mark.integration


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.dsn())
    await postgres.set_codecs(connection)
    yield connection
    await connection.close()


def text(**stock: int) -> str:
    lines = [
        f"  - {{id: {name}, kind: goods, title: {name}, points: 10, stock: {count}}}"
        for name, count in stock.items()
    ]
    return "\n".join(["version: 1", "rewards:", *lines])


def standing(reward: str, total: int, *, offered: bool = True, taken: int = 0) -> Standing:
    reserved = min(taken, 1)
    return Standing(
        reward_id=reward, offered=offered, total=total, reserved=reserved, sold=taken - reserved
    )


async def take(owner: Connection, reward: str, count: int) -> None:
    await owner.execute(
        "UPDATE redeem.stock SET reserved = 1, sold = $2 - 1 WHERE reward_id = $1", reward, count
    )


async def test_stock_is_raised_and_lowered_and_what_is_left_out_withdrawn(
    owner: Connection,
) -> None:
    await apply(owner, text(mug=5, cup=2), by="ann")
    await take(owner, "mug", 3)
    await take(owner, "cup", 2)
    applied = await apply(owner, text(tea=1, mug=3), by="bob")
    assert (applied.revision, applied.offered, applied.withdrawn) == (2, 2, ("cup",))
    assert await read_stock(owner) == [
        standing("tea", 1),
        standing("mug", 3, taken=3),
        standing("cup", 2, offered=False, taken=2),
    ]


async def test_what_is_taken_can_not_be_taken_out(owner: Connection) -> None:
    await apply(owner, text(mug=5), by="ann")
    await take(owner, "mug", 3)
    with pytest.raises(RewardsError) as raised:
        await apply(owner, text(tea=7, mug=2), by="ann")
    assert str(raised.value) == (
        "rewards.1.stock: expected at least 3 (2 sold, 1 reserved), got 2 (line 4)"
    )
    assert await read_stock(owner) == [standing("mug", 5, taken=3)]
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE redeem.stock SET total = 2")


async def test_documents_are_kept_as_they_were_applied(owner: Connection) -> None:
    assert await read_document(owner, None) is None
    first, second = text(mug=1) + "\n# one\n", text(mug=2)
    for one in (first, second):
        await apply(owner, one, by="ann")
    newest, oldest = await read_document(owner, None), await read_document(owner, 1)
    assert newest
    assert oldest
    assert (newest.revision, newest.document, oldest.document) == (2, second, first)
    assert (oldest.newest, oldest.applied_by) == (2, "ann")
    assert await read_document(owner, 3) is None


async def test_a_service_can_neither_raise_stock_nor_change_an_answer(database: Database) -> None:
    redeem = await asyncpg.connect(database.dsn("jifen_redeem"))
    try:
        for statement in (
            "UPDATE redeem.stock SET total = 2",
            "UPDATE redeem.command SET answer = ''",
            "DELETE FROM redeem.redemption",
            "INSERT INTO redeem.rewards_revision VALUES (1, '', '')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await redeem.execute(statement)
    finally:
        await redeem.close()


async def test_the_mall_sees_what_is_offered_and_what_is_left(
    owner: Connection, database: Database
) -> None:
    window = "on_sale: {until: 2026-06-01T00:00:00+08:00}, tiers: [gold], daily_limit: 4"
    tea = f"  - {{id: tea, kind: goods, title: Tea, points: 7, stock: 9, {window}}}"
    await apply(owner, f"{text(mug=5)}\n{tea}", by="ann")
    await take(owner, "mug", 3)
    mall = await asyncpg.connect(database.dsn("jifen_mall"))
    try:
        rows = await mall.fetch("SELECT * FROM read.reward_v1 ORDER BY position")
    finally:
        await mall.close()
    assert [(row["reward_id"], row["points"], row["stock_left"]) for row in rows] == [
        ("mug", 10, 2),
        ("tea", 7, 9),
    ]
    assert (rows[1]["tiers"], rows[1]["daily_limit"]) == (["gold"], 4)
    assert rows[1]["on_sale_from"] is None
    assert rows[1]["on_sale_until"].isoformat() == "2026-05-31T16:00:00+00:00"
