"""kill -9 of notify while it tells and posts: no message missing or twice, none not posted."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest

from services.notify.domain.message import notification_id
from services.notify.handlers import GROUP, TOPICS
from shared.platform.clock import monotonic
from tests.chaos.kills import PATIENCE_SECONDS, caught, hit_batches, until_read
from tests.integration.consuming.crew import Place, Service
from tests.integration.notify.desk import announced, deliveries, inbox, told_once
from tests.integration.notify.receiver import OK, Receiver, Reply, Request, receiving
from tests.integration.notify.test_consuming import send
from tests.integration.notify.told import expected, lives
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.earning import give_program
from tests.support.stack import Home

pytestmark = [pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How often it dies, and of how many members it tells."""

    kills: int
    members: int
    seed: int


SHORT = pytest.param(Form(kills=3, members=300, seed=71), marks=pytest.mark.chaos, id="short")
SOAK = pytest.param(Form(kills=20, members=4_000, seed=72), marks=pytest.mark.soak, id="soak")


async def until_told(database: Database, messages: int) -> None:
    """Wait for so many messages; what is short of them then is for `told_once` to say."""
    deadline = monotonic() + PATIENCE_SECONDS
    while len(await inbox(database)) < messages and monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


async def until_posted(database: Database) -> None:
    """Wait for all posts, for as long as they go on."""
    fewest, deadline = None, 0.0
    while left := len(await deliveries(database)):
        if fewest is None or left < fewest:
            fewest, deadline = left, monotonic() + PATIENCE_SECONDS
        assert monotonic() < deadline, f"{left} messages were not posted"
        await asyncio.sleep(0.5)


def moody(chance: random.Random) -> Reply:
    """Answer as endpoints do on a bad day."""
    if chance.random() < 0.9:
        return Reply(after_seconds=chance.uniform(0, 0.02))
    return chance.choice((Reply(how="reset"), Reply(status=503), Reply(how="hang")))


@pytest.mark.parametrize("form", [SHORT, SOAK])
async def test_each_thing_is_told_once_however_often_notify_dies(
    database: Database, kafka: KafkaHandle, home: Home, form: Form
) -> None:
    await kafka.fresh_topics(*TOPICS)
    await give_program(database)
    told, chance = lives(form.members, form.seed), random.Random(form.seed)  # noqa: S311
    await asyncio.to_thread(send, kafka.bootstrap, told)
    in_flight = 0
    async with receiving() as receiver:
        receiver.answer = _mood(chance)
        place = place_of(database, kafka, home)
        for kill in range(form.kills):
            async with service(place, receiver, JIFEN_BATCH_START="5") as notify:
                await until_read(database, (kill + 1) * len(told) // (form.kills + 2), GROUP)
                in_flight += sum(await caught(database, chance, notify))
        receiver.answer = lambda _request, _before: OK
        async with service(place, receiver):
            await until_told(database, len(expected(told)))
            await until_posted(database)
    hit_batches(in_flight, form.kills)
    await told_once(database, expected(told))
    await posted(database, receiver)


async def posted(database: Database, receiver: Receiver) -> None:
    """Every message but those 90 days ahead was received, and its end was told once."""
    wanted = {notification_id(*one) for one in await inbox(database) if not one[1].endswith("/90")}
    assert set(receiver.ids) == wanted
    ends = [data for _, data in await announced(database) if data["channel"] == "webhook"]
    assert sorted(data["notification_id"] for data in ends) == sorted(wanted)
    # Only what was under way at a kill, or went unanswered, may come again: not most of it.
    assert len(receiver.ids) < 1.5 * len(wanted)


def service(place: Place, receiver: Receiver, **more: str) -> AbstractAsyncContextManager[Service]:
    return place.service(
        "notify",
        JIFEN_WEBHOOK_URL=receiver.url,
        JIFEN_WEBHOOK_SECRET="0123456789abcdef" * 2,
        JIFEN_WEBHOOK_TIMEOUT_SECONDS="3",
        **more,
    )


def place_of(database: Database, kafka: KafkaHandle, home: Home) -> Place:
    return Place(
        urls={"notify": database.dsn("jifen_notify")},
        bootstrap=kafka.bootstrap,
        folder=home.folder,
    )


def _mood(chance: random.Random) -> Callable[[Request, int], Reply]:
    return lambda _request, _before: moody(chance)
