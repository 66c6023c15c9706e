"""Everything at once, and kill -9 of everything: each event counts once, and what follows of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import httpx
import pytest

from services.earn import handlers as earn
from services.notify import handlers as notify
from services.redeem import handlers as redeem
from tests.chaos.agreement import (
    inbox_agrees,
    ledger_agrees,
    messages,
    nothing_is_left_over,
    redemptions_agree,
    reminders_agree,
    reminders_told,
    same,
    statuses_told,
    stock_agrees,
)
from tests.chaos.asking import ask
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
from tests.chaos.kills import caught, hit_batches, read_so_far, send, until_read
from tests.chaos.replay import cause_of
from tests.chaos.servers import Victim, kill_all, own_kafka
from tests.chaos.troupe import Troupe, supervised
from tests.chaos.wishes import Wishes
from tests.support.brokers import KafkaHandle
from tests.support.model import Reward, Shop
from tests.support.model.account import Part
from tests.support.model.world import Event
from tests.support.stack import EmbeddedKafka, Home, free_port

SERVICES = ("earn", "redeem", "expiry", "notify", "relay")
VICTIMS = (*SERVICES, "postgres", "kafka")
GROUPS = (earn.GROUP, redeem.GROUP)
MOST_PLANNED = 48
"""Of the 64 parts of the members."""

READERS = (*GROUPS, notify.GROUP)
REWARDS = (Reward(id="mug", points=20, stock=10**5), Reward(id="bank", points=7, stock=10**5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The days, as hours from now; what is told on them in all, and how often each victim dies.

    Over HTTP members ask on days that are less than one away from the real one.
    """

    hours: Sequence[int]
    members: int
    events: int
    seed: int
    kills: int

    @property
    def names(self) -> list[str]:
        return [f"m{self.seed}-{n}" for n in range(self.members)]

    def days(self) -> tuple[list[Day], Mapping[str, str]]:
        """Make up the days, and the keys under which redemptions are asked for over HTTP."""
        chance, at = Random(self.seed), moments(self.hours)  # noqa: S311
        earned = earnings(self.seed, self.members, self.events, at, shares=True)
        wishes, days = Wishes(random=chance, rewards=[one.id for one in REWARDS]), []
        for number, moment in enumerate(at):
            asked: dict[str, list[Event]] = {}
            told: list[Event] = []
            for index, name in enumerate(self.names):
                if index % 3:
                    told += wishes.of(name, number, moment, sent=True)
                elif abs(self.hours[number]) < 24:
                    asked[name] = wishes.of(name, number, moment, sent=False)
            days.append(Day(at=moment, earned=earned[number], wanted=told, asked=asked))
        return days, wishes.keys

    def dying(self, chance: Random) -> list[list[str]]:
        """Draw who dies on which day, in which order: expiry while it works, which is at first."""
        turns = [chance.sample(VICTIMS, len(VICTIMS)) for _ in range(self.kills)]
        names = [name for turn in turns for name in turn]
        days = [names[day :: len(self.hours)] for day in range(len(self.hours))]
        return [sorted(day, key="expiry".__ne__) for day in days]


SHORT = pytest.param(
    Form(hours=(-18, 7), members=60, events=3_000, seed=101, kills=1),
    marks=[pytest.mark.chaos, pytest.mark.timeout(600)],
    id="short",
)
SOAK = pytest.param(
    Form(
        hours=(-20, -15, -10, -5, 0, 5, 10, 15, 20, 44, 68, 92),
        members=150,
        events=120_000,
        seed=102,
        kills=16,
    ),
    marks=[pytest.mark.soak, pytest.mark.timeout(3_600)],
    id="soak",
)


@dataclass(slots=True, kw_only=True)
class Reaper:
    """Lives days, and meanwhile kills one after the other; counts the batches it hit."""

    company: Company
    victim: Victim
    broker: EmbeddedKafka
    troupe: Troupe
    client: httpx.AsyncClient
    keys: Mapping[str, str]
    chance: Random
    kills: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    answers: list[tuple[str, str, str]] = field(default_factory=list)

    async def live(self, day: Day, dying: Sequence[str]) -> None:
        """Tell a day in parts; somewhere in each of them some members ask, and somebody dies."""
        bootstrap, parts = self.company.books.bootstrap, len(dying)
        told = mixed(self.chance.randrange(10**6), [*day.earned, *day.wanted])
        done = await read_so_far(self.company.books.database, *GROUPS)
        async with asyncio.TaskGroup() as doing:
            for turn, name in enumerate(dying):
                part = told[len(told) * turn // parts : len(told) * (turn + 1) // parts]
                sending = doing.create_task(asyncio.to_thread(send, bootstrap, part))
                await self._until_some(day, name, done, len(part))
                done += len(part)
                for member in list(day.asked)[turn::parts]:
                    doing.create_task(self._ask(member, day.asked[member]))
                await self._kill(name)
                await sending

    async def _until_some(self, day: Day, name: str, done: int, part: int) -> None:
        """Wait until some of a part is read, or has begun of what expiry does by itself."""
        if name == "expiry":
            await self.company.until_planned(day, self.chance.randrange(1, MOST_PLANNED))
        else:
            records = done + self.chance.randrange(1, part * 9 // 10)
            await until_read(self.company.books.database, records, *GROUPS)

    async def _ask(self, member: str, events: Sequence[Event]) -> None:
        for event in events:
            key = self.keys[event["data"]["redemption_id"]]
            response = await ask(self.client, self.chance, event, key)
            code = "" if response.is_success else response.json()["code"]
            self.answers.append((member, cause_of(event), code))

    async def _kill(self, name: str) -> None:
        self.kills[name] += 1
        if name == "postgres":
            await asyncio.to_thread(kill_all, self.victim.server)
            await asyncio.to_thread(self.victim.server.start)
        elif name == "kafka":
            await asyncio.to_thread(self.broker.kill)
            await self.broker.start()
        else:
            service = await self.troupe.started(name)
            self.hits[name] += sum(await caught(self.company.books.database, self.chance, service))


@pytest.mark.parametrize("form", [SHORT, SOAK])
async def test_whatever_dies_everything_counts_once(victim: Victim, home: Home, form: Form) -> None:
    days, keys = form.days()
    gifts = dict.fromkeys(form.names, gift([day.date for day in days]))
    async with (
        victim.handle.database() as database,
        own_kafka(home, f"mixed-{form.seed}") as broker,
    ):
        kafka = KafkaHandle(bootstrap=broker.config.bootstrap)
        company = await open_company(
            database, kafka, REWARDS, gifts, begin=days[0].at, groups=READERS, relayed=True
        )
        async with serving(company, home) as (troupe, client):
            reaper = Reaper(
                company=company,
                victim=victim,
                broker=broker,
                troupe=troupe,
                client=client,
                keys=keys,
                chance=Random(form.seed),  # noqa: S311
            )
            for day, dying in zip(days, form.dying(reaper.chance), strict=True):
                await company.come_to(day)
                await reaper.live(day, dying)
                await company.until_settled(day)
        await agrees(reaper, gifts, days)
    hit_batches(reaper.hits.total(), sum(reaper.kills[name] for name in SERVICES))
    assert victim.handle.deadlocks == 0


@asynccontextmanager
async def serving(company: Company, home: Home) -> AsyncIterator[tuple[Troupe, httpx.AsyncClient]]:
    """Run all services under supervision; redeem answers at one address, whoever it is."""
    port = str(free_port())
    settings = dict.fromkeys(SERVICES, SETTINGS)
    settings["redeem"] = {**SETTINGS, "JIFEN_HTTP_PORT": port}
    async with (
        supervised(company.place(home.folder, SERVICES), SERVICES, settings) as troupe,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        yield troupe, client


async def agrees(reaper: Reaper, gifts: Mapping[str, Sequence[Part]], days: Sequence[Day]) -> None:
    """Hold everything there is against the model that was told the same days."""
    database, bootstrap = reaper.company.books.database, reaper.company.books.bootstrap
    world, shop = lived(gifts, REWARDS, days)
    await ledger_agrees(database, world, gifts)
    await redemptions_agree(database, shop, gifts)
    await stock_agrees(database, shop)
    await nothing_is_left_over(database, world, shop)
    same("answers over HTTP", reaper.answers, [*expected_answers(shop, days)])
    dates = [day.date for day in days]
    due = reminded(dates, next(iter(gifts.values())))
    await reminders_agree(database, due, gifts, days=dates, points=GIFT)
    await reminders_told(database, bootstrap)
    await reaper.company.books.check_published()
    await statuses_told(bootstrap, shop)
    await inbox_agrees(database, bootstrap, messages(world, shop, due))


def expected_answers(shop: Shop, days: Sequence[Day]) -> Iterator[tuple[str, str, str]]:
    for event in (event for day in days for events in day.asked.values() for event in events):
        member, cause = event["data"]["member_id"], cause_of(event)
        yield member, cause, shop.answers[member, cause].reason
