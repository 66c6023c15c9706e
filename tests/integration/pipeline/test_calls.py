"""Commands by call go in the same batches as records, and their callers learn what they came to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from services.earn.domain import causes
from services.earn.handlers import GROUP
from shared.contract.codec import Event, decode
from shared.contract.fingerprint import fingerprint
from shared.ledger.entries import MemberId
from shared.pipeline.batch import Batch
from shared.pipeline.calls import Calls
from shared.pipeline.command import APPLIED, Command, Park, Refuse, Reply
from shared.pipeline.errors import BrakeEngagedError, OverloadedError, StaleOffsetsError
from shared.pipeline.operator import release_brake
from shared.pipeline.store import Partition, trip_brake
from tests.integration.earn.desk import Teller, entries, standings
from tests.integration.pipeline.desk import begin, dead_letters, rows, started, until
from tests.integration.pipeline.doubles import Buggy
from tests.support.databases import Database, owner_of
from tests.support.tellings import Story, paid, refunded

pytestmark = pytest.mark.integration


async def ask(earn: Teller, story: Story, *, patience_seconds: float = 20) -> Reply:
    """Tell a story by call, as a route of earn would."""
    event = event_of(earn, story)
    data = event.data
    order, refund = getattr(data, "order_id", ""), getattr(data, "refund_id", None)
    command = Command(
        cause=causes.paid(order) if refund is None else causes.refunded(order, refund),
        member_id=MemberId(data.member_id),
        fingerprint=fingerprint(data),
        event=event,
        record=None,
    )
    return await earn.writer.ask(command, patience_seconds=patience_seconds)


def event_of(earn: Teller, story: Story) -> Event:
    event = decode(earn.record(*story))
    earn.next_offset -= 1  # it was no record after all
    return event


@asynccontextmanager
async def serving(earn: Teller) -> AsyncIterator[Teller]:
    task = asyncio.create_task(earn.writer.serve())
    try:
        yield earn
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await earn.writer.close()


async def test_a_call_is_answered_once_it_is_committed_and_again_the_same(
    database: Database,
) -> None:
    await begin(database)
    async with serving(await started(database)) as earn:
        assert await ask(earn, paid("o1", "m1")) == Reply(APPLIED)
        assert (await standings(database))["m1"][0] == 10
        assert await ask(earn, paid("o1", "m1")) == Reply(APPLIED)
        conflict = await ask(earn, paid("o1", "m1", 2_000))
    assert isinstance(conflict.outcome, Refuse)
    assert conflict.outcome.reason == "conflict"
    assert (await standings(database))["m1"][0] == 10
    assert await dead_letters(database) == []


async def test_the_domain_says_what_the_caller_is_told(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    batch = earn.writer._batch
    assert isinstance(batch, Batch)
    earn.writer._batch = replace(
        batch, answer=lambda command, desk: (command.member_id, sorted(desk.awards))
    )
    async with serving(earn):
        assert await ask(earn, paid("o1", "m1")) == Reply(APPLIED, ("m1", ["o1"]))


async def test_what_waits_for_another_event_is_said_and_not_kept(database: Database) -> None:
    await begin(database)
    async with serving(await started(database)) as earn:
        assert await ask(earn, refunded("o1", "m1")) == Reply(Park(causes.paid("o1")))
        assert await rows(database, "SELECT * FROM messaging.parked") == []
        await ask(earn, paid("o1", "m1"))
        assert await ask(earn, refunded("o1", "m1")) == Reply(APPLIED)


async def test_a_call_wakes_what_a_record_left_waiting(database: Database) -> None:
    await begin(database)
    async with serving(await started(database)) as earn:
        await earn.writer.write([earn.record(*refunded("o1", "m1"))])
        await ask(earn, paid("o1", "m1"))
    assert [kind for _, kind, _, _ in (await entries(database))["m1"]] == ["earned", "reversed"]


@pytest.mark.parametrize("batch", [8, 64])
async def test_calls_and_records_share_batches(database: Database, batch: int) -> None:
    await begin(database)
    async with serving(await started(database, batch=batch)) as earn:
        records = [earn.record(*paid(f"r{n}", f"m{n % 7}")) for n in range(200)]
        calls = [ask(earn, paid(f"c{n}", f"m{n % 5}")) for n in range(200)]
        replies, _ = await asyncio.gather(asyncio.gather(*calls), earn.writer.write(records))
    assert replies == [Reply(APPLIED)] * 200
    assert sum(balance for balance, _ in (await standings(database)).values()) == 400 * 10
    count = earn.writer.tally.metrics.registry.get_sample_value
    labels = {"service": "earn", "topic": "(call)", "outcome": "applied"}
    assert count("points_events_processed_total", labels) == 200


async def test_calls_leave_records_a_quarter_of_each_batch(database: Database) -> None:
    await begin(database)
    earn = await started(database, batch=8)
    calls = [asyncio.create_task(ask(earn, paid(f"c{n}", "m1"))) for n in range(100)]
    await asyncio.sleep(0)
    await earn.writer.write([earn.record(*paid(f"r{n}", "m2")) for n in range(4)])
    # Six and two records, then, the cap having grown to 11, nine and two.
    done = sum(call.done() for call in calls)
    async with serving(earn):
        await asyncio.gather(*calls)
    assert done == 6 + 9


async def test_one_call_that_raises_spoils_no_other(database: Database) -> None:
    await begin(database)
    domain = Buggy(raises_for=lambda command: command.cause == "order/bad/paid")
    async with serving(await started(database, domain)) as earn:
        calls = [ask(earn, paid(order, "m1")) for order in ("o1", "bad", "o2")]
        replies = await asyncio.gather(*calls, return_exceptions=True)
    assert replies[::2] == [Reply(APPLIED)] * 2
    assert isinstance(replies[1], ZeroDivisionError)
    assert await dead_letters(database) == []


async def test_a_caller_that_has_gone_is_not_served(database: Database) -> None:
    await begin(database)
    async with serving(await started(database)) as earn:
        await ask(earn, paid("o1", "m1"))
        async with owner_of(database) as owner, owner.transaction():
            await owner.execute("SELECT FROM ledger.account FOR UPDATE")
            held = asyncio.create_task(ask(earn, paid("o2", "m1")))
            await asyncio.sleep(0.2)
            with pytest.raises(TimeoutError):
                await ask(earn, paid("o3", "m1"), patience_seconds=0.1)
        assert await held == Reply(APPLIED)
        await ask(earn, paid("o4", "m1"))
    told = [cause for cause, _, _, _ in (await entries(database))["m1"]]
    assert told == [causes.paid(order) for order in ("o1", "o2", "o4")]


async def test_the_brake_turns_callers_away(database: Database) -> None:
    await begin(database)
    async with serving(await started(database)) as earn:
        connection = await earn.writer.connection()
        await trip_brake(connection, GROUP, "a test")
        with pytest.raises(BrakeEngagedError):
            await ask(earn, paid("o1", "m1"))
        await until(lambda: earn.writer.braked)
        with pytest.raises(BrakeEngagedError):
            await ask(earn, paid("o1", "m1"))
        async with owner_of(database) as owner:
            await release_brake(owner, GROUP, by="a test")
        await until(lambda: not earn.writer.braked)
        assert await ask(earn, paid("o1", "m1")) == Reply(APPLIED)


async def test_offsets_that_moved_keep_no_call_from_its_answer(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    earn.writer.positions[Partition("orders.v1", 0)] = 7
    call = asyncio.create_task(ask(earn, paid("c1", "m1")))
    await asyncio.sleep(0)
    with pytest.raises(StaleOffsetsError):
        await earn.writer.write([earn.record(*paid("r1", "m1"))])
    assert not call.done()
    async with serving(earn):
        assert await call == Reply(APPLIED)


async def test_more_callers_than_there_is_room_for_come_back_later(database: Database) -> None:
    await begin(database)
    earn = await started(database)
    earn.writer.calls = Calls(most=2)
    calls = [asyncio.create_task(ask(earn, paid(f"o{n}", "m1"))) for n in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await ask(earn, paid("o3", "m1"))
    async with serving(earn):
        assert await asyncio.gather(*calls) == [Reply(APPLIED)] * 2
        assert await ask(earn, paid("o3", "m1")) == Reply(APPLIED)
