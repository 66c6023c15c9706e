"""A deployment that lives through days which its test calls, and what has to come of them.

Members have lots of many dates, each larger than what they spend while it is their next. What they
earn goes to lots far ahead. So no order between what earn, redeem and the sweep do in a day makes
a difference, and the model, which is told day by day, knows the only end there is.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.earn import handlers as earn
from services.notify import handlers as notify
from services.redeem import handlers as redeem
from shared.contract.topics import PARTITIONS, dead_letter_topic
from shared.platform.clock import monotonic
from tests.chaos.kills import PATIENCE_SECONDS
from tests.integration.consuming.crew import Place
from tests.integration.consuming.shop import Books
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import give_points, rows
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Account, Reward, Rules, Shop, World, shuffled, stories
from tests.support.model.account import Part
from tests.support.model.world import Event
from tests.support.own_clock import come_to, give_clock
from tests.support.tellings import paid

RULES = Rules()
RESERVATION = timedelta(days=1)
"""As long as a request over HTTP, which has the real time, may be off the day that is called."""

SETTINGS = {
    "JIFEN_BATCH_START": "50",
    "JIFEN_EXPIRY_REMIND_FROM_HOUR": "0",
    "JIFEN_RESERVATION_SECONDS": str(int(RESERVATION.total_seconds())),
}
"""Of services here: small batches, no hour to wait for."""

STAGES = (1, 7, 30, 90)
GIFT = 5_000
AHEAD = (1, 5, 7, 8, 30, 31, 60, 90, 91, 200)
_READS = {each.GROUP: each.TOPICS for each in (earn, redeem, notify)}
_WRITTEN = ("points.v1", "redemption-events.v1", "reminders.v1", "notifications.v1", "parking.v1")
_OPEN = """
SELECT
    (
        SELECT count(*) FROM expiry.bucket
        WHERE planned_through IS DISTINCT FROM $1 OR sweep_to < $1 - 1 OR after_date <= sweep_to
    ) AS parts_of_members,
    (
        SELECT count(*) FROM redeem.redemption
        WHERE status = 'reserved' AND reserved_until <= $2
    ) AS reservations_over,
    (SELECT count(*) FROM messaging.outbox) AS rows_to_relay
"""
_PLANNED = "SELECT count(*) AS parts FROM expiry.bucket WHERE planned_through = $1"
_OFFSETS = "SELECT topic, partition, next_offset FROM messaging.consumer_offset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What the clock says, what is told over Kafka meanwhile, and what members ask over HTTP."""

    at: datetime
    earned: Sequence[Event]
    wanted: Sequence[Event]
    asked: Mapping[str, Sequence[Event]] = field(default_factory=dict)

    @property
    def date(self) -> date:
        return RULES.day(self.at)

    @property
    def records(self) -> int:
        return len(self.earned) + len(self.wanted)


def moments(hours: Sequence[int]) -> list[datetime]:
    """Name moments so many hours from now, none of them near midnight in any zone."""
    begin = now().replace(minute=40, second=0, microsecond=0)
    return [begin + timedelta(hours=each) for each in hours]


def earnings(
    seed: int, members: int, events: int, moments: Sequence[datetime], *, shares: bool
) -> list[list[Event]]:
    """Make up what is told to earn at each moment: stories of last month, and orders long over.

    With `shares` a refund takes back what its order brought to another member.
    """
    first = RULES.day(moments[0]) - timedelta(days=25)
    told: list[Event] = [
        {"type": kind, "data": data}
        for kind, data in stories(seed, members, events, first_day=first, days=20, contested=False)
        if shares or kind != "share.ordered.v1"
    ]
    names = sorted({event["data"]["member_id"] for event in told})
    return [
        _long_over(names[part::10], f"over{part}", moments[0])
        + told[len(told) * part // len(moments) : len(told) * (part + 1) // len(moments)]
        for part in range(len(moments))
    ]


def _long_over(names: Sequence[str], name: str, today: datetime) -> list[Event]:
    """Tell of orders whose points expire as soon as they are earned."""
    at = (today - timedelta(days=800)).isoformat()
    orders = [paid(f"{name}-{member}", member, paid_at=at) for member in names]
    return [{"type": kind, "data": data} for kind, data in orders]


def mixed(seed: int, told: Sequence[Event]) -> list[Event]:
    """Let members and topics take turns at random; only within both is there an order."""
    stories = [(event["type"], event["data"]) for event in told]
    turns = shuffled(seed, stories, across_topics=True)
    return [{"type": kind, "data": data} for kind, data in turns]


def gift(days: Sequence[date]) -> list[Part]:
    """Say what members begin with: a lot for each day, and some that are reminded of."""
    dates = {*days, *(days[-1] + timedelta(days=each) for each in AHEAD)}
    return [(each, GIFT) for each in sorted(dates)]


def lived(
    gifts: Mapping[str, Sequence[Part]], rewards: Sequence[Reward], days: Sequence[Day]
) -> tuple[World, Shop]:
    """Tell the specification the days, one after the other."""
    world = World(RULES)
    for member, parts in gifts.items():
        world.account(member).credit(parts, cause="gift", today=days[0].date)
    shop = Shop(RULES, world.account, rewards, reservation=RESERVATION)
    for day in days:
        world.settle(day.at)
        shop.release(day.at)
        for event in day.earned:
            world.tell(event, day.at)
        for event in chain(day.wanted, *day.asked.values()):
            shop.tell(event, day.at)
    return world, shop


def reminded(days: Sequence[date], lots: Sequence[Part]) -> set[tuple[date, int]]:
    """Say which (date, stage) are told of lots that nobody spends: each day the stage it is in."""
    left = {(day, (day - today).days) for today in days for day, _ in lots}
    return {
        (day, next(stage for stage in STAGES if distance <= stage))
        for day, distance in left
        if 0 <= distance <= STAGES[-1]
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A deployment with a clock of its own; `groups` are those that read."""

    books: Books
    groups: Sequence[str]
    relayed: bool

    def place(self, folder: Path, services: Iterable[str]) -> Place:
        """Say where its services run."""
        urls = {name: self.books.database.dsn(f"jifen_{name}") for name in services}
        return Place(urls=urls, bootstrap=self.books.bootstrap, folder=folder)

    async def come_to(self, day: Day) -> None:
        await come_to(self.books.database, day.at)

    async def until_planned(self, day: Day, parts: int) -> None:
        """Wait until expiry has begun with a day: so many parts of the members are planned."""
        deadline = monotonic() + PATIENCE_SECONDS
        while (await rows(self.books.database, _PLANNED, day.date))[0]["parts"] < parts:
            assert monotonic() < deadline, f"reminders of {day.date} were not planned"
            await asyncio.sleep(0.01)

    async def until_settled(self, day: Day) -> None:
        """Wait until a day has nothing left to do, in tables and topics, seen twice in a row."""
        deadline, ends = monotonic() + 2 * PATIENCE_SECONDS, None
        while True:
            left, found = await self._left(day)
            if not left and found == ends:
                return
            assert monotonic() < deadline, f"still to do on {day.date}: {left}"
            ends = None if left else found
            await asyncio.sleep(0.05)

    async def _left(self, day: Day) -> tuple[Mapping[str, object], Mapping[TopicPartition, int]]:
        (row,) = await rows(self.books.database, _OPEN, day.date, day.at)
        left: dict[str, object] = {name: count for name, count in row.items() if count}
        if not self.relayed:
            left.pop("rows_to_relay", None)
        ends = await self._ends()
        found = await rows(self.books.database, _OFFSETS)
        read = {TopicPartition(one["topic"], one["partition"]): one["next_offset"] for one in found}
        for at, end in ends.items():
            if read.get(at, 0) != end:
                left[f"{at.topic}/{at.partition}"] = (read.get(at, 0), end)
        return left, ends

    async def _ends(self) -> Mapping[TopicPartition, int]:
        topics = [topic for group in self.groups for topic in _READS[group]]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.books.bootstrap)
        await consumer.start()
        try:
            ends: dict[TopicPartition, int] = await consumer.end_offsets(
                [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
            )
        finally:
            await consumer.stop()
        return ends


async def open_company(
    database: Database,
    kafka: KafkaHandle,
    rewards: Sequence[Reward],
    gifts: Mapping[str, Sequence[Part]],
    *,
    begin: datetime,
    groups: Sequence[str],
    relayed: bool,
) -> Company:
    """Open a deployment at a moment: empty topics, rewards on offer, members with their gifts."""
    read = {(topic, group) for group in groups for topic in _READS[group]}
    dead = {dead_letter_topic(topic, group) for topic, group in read}
    await kafka.fresh_topics(
        *sorted({*_WRITTEN, *dead, *(topic for topic, _ in read)}), partitions=PARTITIONS
    )
    await give_clock(database)
    await come_to(database, begin)
    accounts = {member: Account() for member in gifts}
    for member, parts in gifts.items():
        accounts[member].credit(parts, cause="gift", today=RULES.day(begin))
    await give_points(database, rewards, accounts)
    books = Books(database=database, bootstrap=kafka.bootstrap)
    return Company(books=books, groups=groups, relayed=relayed)
