"""The webhook against receivers that answer, hang, reset, refuse and redirect."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.notify import deliveries as queue
from services.notify.channels import WEBHOOK
from services.notify.deliveries import read_backlog
from services.notify.domain.attempt import Dead, Later, Patience, Sent
from services.notify.domain.message import notification_id
from services.notify.domain.signature import signature
from services.notify.sender import Sender
from services.notify.webhook import Webhook
from shared.platform import postgres
from shared.platform.metrics import Metrics
from tests.integration.notify.desk import (
    PLANNER,
    announced,
    begin,
    deliveries,
    inbox,
    rows,
    settings_of,
    telling,
)
from tests.integration.notify.receiver import OK, Reply, Request, receiving
from tests.integration.notify.told import rejected, reminder
from tests.support.databases import Database, owner_of

pytestmark = pytest.mark.integration

KEY = b"0123456789abcdef0123456789abcdef"
QUICK = Patience(attempts=4, first_seconds=0.05, cap_seconds=0.2)
CAUSE = "expiry/2026-01-31/reminder/30"


def sender_of(
    database: Database,
    url: str,
    registry: CollectorRegistry | None = None,
    *,
    concurrency: int = 8,
    lease_seconds: float = 20,
    timeout_seconds: float = 10,
) -> Sender:
    endpoint = Webhook(
        url, KEY, timeout_seconds=timeout_seconds, connections=concurrency, version="test"
    )
    return Sender(
        WEBHOOK,
        endpoint,
        settings_of(database),
        Metrics(registry or CollectorRegistry(), "notify"),
        patience=QUICK,
        concurrency=concurrency,
        lease_seconds=lease_seconds,
    )


@asynccontextmanager
async def running(*senders: Sender) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(sender.run(stop)) for sender in senders]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def tell(database: Database, members: int = 1) -> None:
    await begin(database)
    async with telling(database) as notify:
        await notify.tell(*[reminder(f"m{n}") for n in range(members)])


async def until_settled(database: Database) -> None:
    """Wait until nothing is waiting; what is dead stays."""
    async with owner_of(database) as owner, asyncio.timeout(30):
        while (await read_backlog(owner, WEBHOOK)).waiting:  # noqa: ASYNC110 - asked of the database
            await asyncio.sleep(0.02)


async def outcomes(database: Database) -> list[tuple[str, str | None]]:
    """Read what was said of the webhook: (type, reason)."""
    said = [(kind, data) for kind, data in await announced(database) if data["channel"] == WEBHOOK]
    return [(kind, data.get("reason")) for kind, data in said]


def at_first(reply: Reply) -> Callable[[Request, int], Reply]:
    return lambda _request, before: OK if before else reply


async def test_a_message_is_posted_signed_with_both_texts(database: Database) -> None:
    await tell(database)
    registry = CollectorRegistry()
    async with receiving() as receiver, running(sender_of(database, receiver.url, registry)):
        await until_settled(database)
    (request,) = receiver.requests
    name = notification_id("m0", CAUSE)
    assert request.headers["idempotency-key"] == request.data["id"] == name
    given = request.headers["jifen-signature"]
    assert given == signature(KEY, int(given[2:].split(",")[0]), request.body)
    assert request.data["template"] == "expiry-reminder-30"
    assert request.data["texts"]["en"]["title"] == "50 points to spend until 31 January 2026"
    assert request.data["texts"]["zh-CN"]["title"] == "50 积分将于2026年1月31日到期"
    assert await outcomes(database) == [("notification.sent.v1", None)]
    assert await deliveries(database) == set()
    labels = {"channel": WEBHOOK, "kind": "expiry-reminder-30", "outcome": "sent"}
    assert registry.get_sample_value("points_notifications_total", labels) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(how="hang"),
        Reply(how="reset"),
        Reply(status=500, body=b"x" * 100_000),
        Reply(status=503),
        Reply(status=408),
        Reply(status=425),
        Reply(status=302, headers=[("location", "/elsewhere")]),
    ],
    ids=lambda reply: reply.how if reply.how != "answer" else str(reply.status),
)
async def test_what_fails_once_comes_again(database: Database, reply: Reply) -> None:
    await tell(database)
    async with (
        receiving() as receiver,
        running(sender_of(database, receiver.url, timeout_seconds=1)),
    ):
        receiver.answer = at_first(reply)
        await until_settled(database)
    assert receiver.ids == [notification_id("m0", CAUSE)] * 2
    assert {one.path for one in receiver.requests} == {"/jifen"}
    assert await outcomes(database) == [("notification.sent.v1", None)]


async def test_a_body_without_end_does_not_undo_its_status(database: Database) -> None:
    await tell(database)
    async with (
        receiving() as receiver,
        running(sender_of(database, receiver.url, timeout_seconds=1)),
    ):
        receiver.answer = lambda _request, _before: Reply(status=200, how="drip")
        await until_settled(database)
    assert len(receiver.requests) == 1
    assert await outcomes(database) == [("notification.sent.v1", None)]


async def test_a_receiver_that_asks_for_time_gets_it(database: Database) -> None:
    await tell(database, 5)
    async with receiving() as receiver:
        receiver.answer = at_first(Reply(status=429, headers=[("retry-after", "1")]))
        async with running(sender_of(database, receiver.url, concurrency=1)):
            await until_settled(database)
    first, second = receiver.requests[:2]
    assert second.at - first.at >= 1
    assert len(set(receiver.ids)) == 5
    assert await outcomes(database) == [("notification.sent.v1", None)] * 5


async def test_what_is_refused_ends_at_once_and_is_kept(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(database)
    async with telling(database) as notify:
        await notify.tell(rejected("ann"), reminder("bob"))
    gone = notification_id("ann", "redemption/r1/rejected")
    async with receiving() as receiver, running(sender_of(database, receiver.url)):
        receiver.answer = lambda request, _: Reply(
            status=410 if request.data["id"] == gone else 200
        )
        await until_settled(database)
    assert receiver.ids.count(gone) == 1
    assert set(await outcomes(database)) == {
        ("notification.failed.v1", "http-410"),
        ("notification.sent.v1", None),
    }
    (row,) = await rows(database, "SELECT * FROM notify.delivery")
    assert (row["member_id"], row["attempts"], row["problem"]) == ("ann", 1, "http-410")
    assert row["dead_at"] is not None
    (line,) = [one for one in caplog.records if one.message == "delivery given up"]
    assert vars(line)["member_id"] == "ann"
    assert "redeemed" not in caplog.text
    assert len(await inbox(database)) == 2


async def test_in_the_end_it_is_given_up(database: Database) -> None:
    await tell(database)
    async with receiving() as receiver, running(sender_of(database, receiver.url)):
        receiver.answer = lambda *_: Reply(status=302, headers=[("location", "/elsewhere")])
        await until_settled(database)
    assert {one.path for one in receiver.requests} == {"/jifen"}
    assert len(receiver.requests) == QUICK.attempts
    assert await outcomes(database) == [("notification.failed.v1", "http-302")]
    assert await deliveries(database) == {("m0", CAUSE)}


async def test_nobody_at_the_address(database: Database) -> None:
    await tell(database)
    async with receiving() as receiver:
        url = receiver.url
    async with running(sender_of(database, url)):
        await until_settled(database)
    assert await outcomes(database) == [("notification.failed.v1", "unreachable")]


async def test_only_so_many_are_under_way_at_once(database: Database) -> None:
    await tell(database, 30)
    async with receiving() as receiver:
        receiver.answer = lambda *_: Reply(after_seconds=0.02)
        async with running(sender_of(database, receiver.url, concurrency=3)):
            await until_settled(database)
    assert receiver.most_at_once == 3
    assert len(set(receiver.ids)) == len(receiver.ids) == 30


async def test_two_senders_share_the_work(database: Database) -> None:
    await tell(database, 60)
    async with receiving() as receiver:
        receiver.answer = lambda *_: Reply(after_seconds=0.01)
        async with running(*[sender_of(database, receiver.url) for _ in range(2)]):
            await until_settled(database)
    assert len(set(receiver.ids)) == len(receiver.ids) == 60
    assert await outcomes(database) == [("notification.sent.v1", None)] * 60


async def test_a_dead_endpoint_holds_up_no_inbox_and_no_transaction(database: Database) -> None:
    await tell(database, 10)
    async with receiving() as receiver:
        receiver.answer = lambda *_: Reply(how="hang")
        async with running(sender_of(database, receiver.url, timeout_seconds=5)):
            await receiver.until(8)
            open_ones = await rows(
                database,
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'jifen-notify-sender'"
                " AND datname = current_database() AND xact_start IS NOT NULL",
            )
            assert open_ones == []
            async with telling(database, partition=1) as notify, asyncio.timeout(2):
                await notify.tell(*[reminder(f"n{n}") for n in range(100)])
            assert len(await inbox(database)) == 110


async def test_what_a_dead_sender_had_claimed_is_sent_by_another(database: Database) -> None:
    await tell(database, 3)
    async with receiving() as receiver:
        receiver.answer = at_first(Reply(how="hang"))
        died = asyncio.create_task(
            sender_of(database, receiver.url, lease_seconds=0.5, timeout_seconds=30).run(
                asyncio.Event()
            )
        )
        await receiver.until(3)
        died.cancel()
        await asyncio.gather(died, return_exceptions=True)
        async with running(sender_of(database, receiver.url)):
            await until_settled(database)
    assert len(set(receiver.ids)) == 3
    assert await outcomes(database) == [("notification.sent.v1", None)] * 3


async def test_a_sender_that_lost_its_claim_changes_nothing(database: Database) -> None:
    await tell(database)
    connection = await postgres.connect(
        settings_of(database), application_name="test", server_settings=PLANNER
    )
    try:
        (slow,) = await queue.claim(connection, WEBHOOK, most=5, lease=timedelta(0))
        (quick,) = await queue.claim(connection, WEBHOOK, most=5, lease=timedelta(hours=1))
        assert await queue.claim(connection, WEBHOOK, most=5, lease=timedelta(0)) == []
        for fate in (Dead("http-410"), Later(0.0, "http-500"), Sent()):
            await queue.settle(connection, WEBHOOK, [(slow, fate)])
            assert (await read_backlog(connection, WEBHOOK))[::2] == (1, 0)
        await queue.settle(connection, WEBHOOK, [(quick, Sent())])
        assert await read_backlog(connection, WEBHOOK) == (0, 0.0, 0)
    finally:
        await connection.close()
    assert await outcomes(database) == [("notification.sent.v1", None)]


async def test_a_receiver_is_not_stormed_while_it_is_down(database: Database) -> None:
    await tell(database, 200)
    async with receiving() as receiver:
        receiver.answer = lambda *_: Reply(status=503)
        async with running(sender_of(database, receiver.url)):
            await asyncio.sleep(2)
            asked = len(receiver.requests)
            receiver.answer = lambda *_: OK
    # 8 at first; then fewer and fewer, with growing pauses between.
    assert 8 <= asked < 40
