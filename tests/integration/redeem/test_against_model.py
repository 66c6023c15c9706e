"""Redeem on PostgreSQL beside the executable specification: the same answers, line by line."""

import json
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from services.redeem.domain.causes import reserved
from services.redeem.domain.limits import Policy
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import (
    entries,
    of_today,
    open_shop,
    pass_time,
    release,
    rows,
    stock_adds_up,
    teller,
)
from tests.support.databases import Database
from tests.support.model import Account, Errands, Reward, Rules, Shop
from tests.support.model.world import Event
from tests.unit.redeem.counter import spelt

pytestmark = pytest.mark.integration

REWARDS = (
    Reward(id="mug", points=30, stock=25, daily_limit=20),
    Reward(id="bank", points=90, stock=6, monthly_limit=2),
    Reward(id="crown", points=1, stock=5, tiers=("gold",)),
)
MEMBERS = ["ann", "bob", "cat", "dan", "eve"]


def accounts() -> dict[str, Account]:
    today = Rules().day(now())
    return {name: of_today(today, 60 + 20 * n) for n, name in enumerate(MEMBERS)}


def made(seed: int, count: int) -> list[Event]:
    errands = Errands(
        random=Random(seed),  # noqa: S311
        members=MEMBERS,
        rewards=[one.id for one in REWARDS],
        name=f"r{seed}-",
    )
    return [errands.next(now()) for _ in range(count)]


async def agrees(database: Database, shop: Shop) -> None:
    assert await entries(database) == {
        name: [one[:4] for one in shop.account_of(name).entries] for name in MEMBERS
    }
    answers = await rows(database, "SELECT * FROM redeem.command")
    found = await rows(database, "SELECT * FROM redeem.redemption")
    kept = {(row["member_id"], row["cause"]): _told(json.loads(row["answer"])) for row in answers}
    # Accepted requests have no answer but the redemption itself.
    accepted = {(row["member_id"], reserved(row["redemption_id"])): row["balance"] for row in found}
    assert accepted.keys().isdisjoint(kept)
    assert accepted == {key: shop.answers[key].balance for key in accepted}
    assert kept == {
        key: (answer.status, answer.reason, _figures(answer.figures), answer.balance)
        for key, answer in shop.answers.items()
        if key not in accepted
    }
    assert {
        (row["member_id"], row["redemption_id"]): (row["status"], row["version"]) for row in found
    } == {key: (one.status, one.version) for key, one in shop.redemptions.items()}
    events = await rows(
        database,
        "SELECT * FROM messaging.outbox WHERE aggregatetype = 'redemption-events.v1' ORDER BY id",
    )
    # Order is promised within a member: the release of a page goes member by member.
    assert sorted([_event(row) for row in events], key=_redemption) == sorted(
        shop.events, key=_redemption
    )
    assert await stock_adds_up(database)


def _told(answer: dict[str, Any]) -> tuple[str, str, object, int | None]:
    return (
        answer["status"],
        answer.get("reason", ""),
        _figures(answer.get("figures", {})),
        answer.get("balance"),
    )


def _figures(figures: Mapping[str, object]) -> object:
    """All but the one that depends on the very moment of the reservation."""
    return spelt({name: value for name, value in figures.items() if name != "reserved_until"})


def _redemption(event: tuple[str, str, int, str]) -> str:
    return event[1]


def _event(row: Any) -> tuple[str, str, int, str]:
    data = json.loads(row["payload"])
    status = row["type"].split(".")[1]
    return status, data["redemption_id"], data["version"], data.get("reason", "")


@pytest.mark.parametrize("batch", [1, 7, 500])
async def test_the_engine_and_the_model_agree(database: Database, batch: int) -> None:
    has = accounts()
    await open_shop(database, REWARDS, accounts())
    shop = Shop(Rules(), has.__getitem__, REWARDS, most_open=2)
    redeem = await teller(database, batch=batch, policy=Policy(most_open=2))
    for part in range(4):
        told = made(10 * batch + part, 60)
        await redeem.tell(told)
        for event in told:
            shop.tell(event, now())
        passed = timedelta(minutes=14)
        await pass_time(database, passed)
        for one in shop.redemptions.values():
            one.until -= passed
        if part % 2:
            await release(database)
            shop.release(now())
    await redeem.writer.close()
    await agrees(database, shop)


async def test_everything_told_again_changes_nothing(database: Database) -> None:
    has = accounts()
    await open_shop(database, REWARDS, accounts())
    shop = Shop(Rules(), has.__getitem__, REWARDS)
    redeem, again = await teller(database, batch=50), await teller(database, partition=1)
    told = made(3, 200)
    for event in told:
        shop.tell(event, now())
    await redeem.tell(told)
    await again.tell(told)
    await redeem.tell([event for event in told for _ in range(2)])
    await redeem.writer.close()
    await again.writer.close()
    await agrees(database, shop)
