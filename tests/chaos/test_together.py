"""Earn, redeem and the sweep on the same hundred members at once, eight processes of them."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from random import Random

import pytest

from services.earn import handlers as earn
from services.redeem import handlers as redeem
from tests.chaos import replay
from tests.chaos.agreement import (
    ledger_agrees,
    nothing_is_left_over,
    redemptions_agree,
    reminders_agree,
    same,
    stock_agrees,
)
from tests.chaos.days import (
    GIFT,
    SETTINGS,
    Company,
    Day,
    earnings,
    gift,
    lived,
    mixed,
    moments,
    open_company,
    reminded,
)
from tests.chaos.kills import send
from tests.chaos.wishes import Wishes
from tests.integration.redeem.desk import answered, rows
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward, topic_of
from tests.support.model.account import Part
from tests.support.model.world import Event
from tests.support.stack import Home

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

SEED, EVENTS = 91, 1_500
PROCESSES = ("earn", "earn", "earn", "redeem", "redeem", "redeem", "expiry", "expiry")
MEMBERS = [f"m{SEED}-{n}" for n in range(100)]
# The rich have enough for all they want, and of that there is enough: their end is known. The poor
# want more than there is and than they can pay: who gets what depends on whose turn it is.
RICH, POOR = MEMBERS[:60], MEMBERS[60:]
PLENTIFUL = (Reward(id="mug", points=20, stock=10**6), Reward(id="bank", points=7, stock=10**6))
SCARCE = (
    Reward(id="crown", points=15, stock=10),
    Reward(id="sofa", points=400, stock=10**6, monthly_limit=2),
)
# Each topic is spread in another way: a member is with several processes of a service at once.
PARTITIONERS = {
    "orders.v1": "consistent_random",
    "check-ins.v1": "murmur2",
    "shares.v1": "fnv1a",
    "redemptions.v1": "murmur2",
    "shipments.v1": "fnv1a",
}
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
_OVERDRAWN = "SELECT * FROM ledger.entry WHERE kind = 'redeemed' AND balance < 0"
_EARNED = """
SELECT member_id, cause FROM ledger.entry
WHERE cause NOT LIKE 'expiry/%' AND cause NOT LIKE 'redemption/%'
"""
_UNPAID = """
SELECT r.member_id, r.redemption_id, r.points, r.status, e.points AS paid
FROM redeem.redemption AS r
LEFT JOIN LATERAL (
    SELECT coalesce(-sum(points), 0) AS points FROM ledger.entry AS e
    WHERE e.member_id = r.member_id AND e.cause IN (
        'redemption/' || r.redemption_id || '/reserve',
        'redemption/' || r.redemption_id || '/return'
    )
) AS e ON true
WHERE e.points <> CASE WHEN r.status = 'cancelled' THEN 0 ELSE r.points END
"""


def days_of() -> tuple[list[Day], list[list[Event]]]:
    """Make up the days as the model can be told them, and what the poor want on each."""
    chance, at = Random(SEED), moments([-20, 5, 30])  # noqa: S311
    earned = earnings(SEED, len(MEMBERS), EVENTS, at, shares=False)
    rich = Wishes(random=chance, rewards=[one.id for one in PLENTIFUL])
    poor = Wishes(random=chance, rewards=[one.id for one in SCARCE])
    days, wants = [], []
    for number, moment in enumerate(at):
        wanted = [one for each in RICH for one in rich.of(each, number, moment, sent=True)]
        days.append(Day(at=moment, earned=earned[number], wanted=wanted))
        wants.append([one for each in POOR for one in poor.of(each, number, moment, sent=False)])
    return days, wants


async def test_eight_processes_on_the_same_members(
    database: Database, kafka: KafkaHandle, home: Home
) -> None:
    days, of_poor = days_of()
    lots = gift([day.date for day in days])
    few = [(days[0].date, 30), (lots[-1][0], 60)]
    gifts = {member: lots if member in RICH else few for member in MEMBERS}
    company = await open_company(
        database,
        kafka,
        [*PLENTIFUL, *SCARCE],
        gifts,
        begin=days[0].at,
        groups=[earn.GROUP, redeem.GROUP],
        relayed=False,
    )
    await work(company, home, days, of_poor)
    assert (await rows(database, _DEADLOCKS))[0]["deadlocks"] == 0
    await the_rich_have_what_they_must(database, gifts, days)
    wants = [event for some in of_poor for event in some]
    await the_poor_got_what_there_was(database, days, wants)
    told = [event for day in days for event in (*day.earned, *day.wanted)]
    await replay.agrees(database, gifts, [*PLENTIFUL, *SCARCE], replay.by_cause([*told, *wants]))


async def work(
    company: Company, home: Home, days: Sequence[Day], of_poor: Sequence[Sequence[Event]]
) -> None:
    """Have all processes live the days; lots fall due as each begins."""
    place = company.place(home.folder, set(PROCESSES))
    async with AsyncExitStack() as stack:
        running = [
            await stack.enter_async_context(place.service(name, **SETTINGS)) for name in PROCESSES
        ]
        await asyncio.gather(*(service.until_ready() for service in running))
        for day, wants in zip(days, of_poor, strict=True):
            await company.come_to(day)
            told = mixed(SEED, [*day.earned, *day.wanted, *wants])
            await spread(company.books.bootstrap, told)
            await company.until_settled(day)
        await asyncio.gather(*(service.drain() for service in running))


async def spread(bootstrap: str, told: Sequence[Event]) -> None:
    """Send to all topics at once, each with a partitioner of its own."""
    topics: defaultdict[str, list[Event]] = defaultdict(list)
    for event in told:
        topics[topic_of(event["type"])].append(event)
    sending = [
        asyncio.to_thread(send, bootstrap, events, partitioner=PARTITIONERS[topic])
        for topic, events in topics.items()
    ]
    await asyncio.gather(*sending)


async def the_rich_have_what_they_must(
    database: Database, gifts: Mapping[str, Sequence[Part]], days: Sequence[Day]
) -> None:
    """Hold what no order can change against the model."""
    world, shop = lived(gifts, PLENTIFUL, days)
    await ledger_agrees(database, world, RICH)
    await redemptions_agree(database, shop, RICH)
    await stock_agrees(database, shop)
    dates = [day.date for day in days]
    due = reminded(dates, gifts[RICH[0]])
    await reminders_agree(database, due, RICH, days=dates, points=GIFT)
    await nothing_is_left_over(database, world, shop)


async def the_poor_got_what_there_was(
    database: Database, days: Sequence[Day], wants: Sequence[Event]
) -> None:
    """Hold what has to be so whoever's turn it was: all is counted and answered, none overdrawn."""
    assert await rows(database, _OVERDRAWN) == []
    assert await rows(database, _UNPAID) == []
    world, _ = lived({member: [] for member in POOR}, (), days)
    same(
        "what the poor earned",
        [tuple(row) for row in await rows(database, _EARNED) if row["member_id"] in POOR],
        [
            (member, entry.cause)
            for member in POOR
            for entry in world.account(member).entries
            if not entry.cause.startswith("expiry/")
        ],
    )
    answers = {key: why for key, why in (await answered(database)).items() if key[0] in POOR}
    same(
        "answers to the poor",
        answers.keys(),
        {(event["data"]["member_id"], replay.cause_of(event)) for event in wants},
    )
    reasons = set(answers.values())
    assert reasons >= {None, "out-of-stock", "insufficient-points"}, "there was enough for all"
