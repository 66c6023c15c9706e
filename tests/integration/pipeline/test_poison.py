"""A record that raises is found by halving and set aside alone; all others land."""

import asyncio

import pytest

from shared.contract.codec import Record
from shared.pipeline.command import Command
from tests.integration.earn.desk import expected, now, standings
from tests.integration.pipeline.desk import begin, dead_letters, rows, started, until
from tests.integration.pipeline.doubles import Buggy, Planted, Refusing
from tests.support.databases import Database, owner_of
from tests.support.model import Rules, World
from tests.support.tellings import Story, paid

pytestmark = pytest.mark.integration


def crowd(members: int = 60) -> list[Story]:
    return [paid(f"o{n}", f"m{n}", 1_000 + 100 * n) for n in range(members)]


def world_of(told: list[Story]) -> World:
    world = World(Rules())
    for event_type, data in told:
        world.tell({"type": event_type, "data": data}, now())
    return world


def is_of(member: str, command: Command) -> bool:
    return command.member_id == member


@pytest.mark.parametrize(
    "domain",
    [
        Buggy(raises_for=lambda command: is_of("m17", command)),
        Buggy(raises_for=lambda command: is_of("m17", command), error=ValueError("\x00 \udcff")),
        Refusing(member_id="m17", statement="SELECT 1 / 0"),
        Refusing(
            member_id="m17",
            statement="INSERT INTO messaging.consumer_offset VALUES ('g', 't', 0, 'c', -1)",
        ),
    ],
    ids=["exception", "strange-message", "class-22", "class-23"],
)
async def test_exactly_the_poison_is_set_aside(database: Database, domain: Planted) -> None:
    told = crowd()
    await begin(database)
    earn = await started(database, domain)
    await earn.tell(told)
    await earn.writer.close()
    [letter] = await dead_letters(database)
    assert (letter["reason"], letter["isolated"]) == ("poison", True)
    assert (letter["member_id"], letter["cause"]) == ("m17", "order/o17/paid")
    assert "Error: " in letter["detail"]
    assert b'"o17"' in letter["value"]
    others = [story for story in told if story[1]["member_id"] != "m17"]
    assert await standings(database) == expected(world_of(others))


async def test_both_ends_of_a_batch_may_be_poison(database: Database) -> None:
    await begin(database)
    domain = Buggy(raises_for=lambda command: command.member_id in {"m0", "m30", "m59"})
    earn = await started(database, domain)
    await earn.tell(crowd())
    await earn.writer.close()
    assert [row["member_id"] for row in await dead_letters(database)] == ["m0", "m30", "m59"]
    assert len(await standings(database)) == 57


@pytest.mark.parametrize("value", [b"no json", b'{"member_id": "m1"}', None])
async def test_a_dead_letter_that_cannot_be_written_is_waited_for(
    database: Database, value: bytes | None
) -> None:
    """Neither lost nor turned into something else: it is written once that is possible."""
    await begin(database)
    earn = await started(database, Buggy(raises_for=lambda command: is_of("m1", command)))
    async with owner_of(database) as owner:
        await owner.execute("ALTER TABLE messaging.dead_letter ADD CONSTRAINT no CHECK (id < 0)")
    bad = earn.record(*paid("o1", "m1"))._replace(value=value)
    good = [earn.record(*paid("o2", "m2"))]
    writing = asyncio.create_task(earn.writer.write([bad, *good]))
    await until(lambda: earn.writer.trouble is not None)
    assert await dead_letters(database) == []
    assert not writing.done()
    async with owner_of(database) as owner:
        await owner.execute("ALTER TABLE messaging.dead_letter DROP CONSTRAINT no")
    await writing
    await earn.writer.close()
    [letter] = await dead_letters(database)
    assert letter["reason"] in {"not-json", "invalid-data", "tombstone"}
    assert not letter["isolated"]
    assert set(await standings(database)) == {"m2"}
    assert earn.writer.trouble is None


async def test_a_poison_whose_dead_letter_cannot_be_written_is_waited_for(
    database: Database,
) -> None:
    await begin(database)
    earn = await started(database, Buggy(raises_for=lambda command: is_of("m1", command)))
    async with owner_of(database) as owner:
        await owner.execute("ALTER TABLE messaging.dead_letter ADD CONSTRAINT no CHECK (id < 0)")
    told = [paid(f"o{n}", f"m{n}") for n in range(4)]
    writing = asyncio.create_task(earn.tell(told))
    await until(lambda: earn.writer.trouble is not None)
    async with owner_of(database) as owner:
        await owner.execute("ALTER TABLE messaging.dead_letter DROP CONSTRAINT no")
    await writing
    await earn.writer.close()
    assert [row["reason"] for row in await dead_letters(database)] == ["poison"]
    assert set(await standings(database)) == {"m0", "m2", "m3"}


STRANGE = (("na\x00me", b"x"), ("", None), ("€\u2028", b"\xff\x00"), ("\ud800", b"y"))


@pytest.mark.parametrize("header", STRANGE, ids=["nul", "empty", "unicode", "surrogate"])
async def test_any_header_can_be_kept(database: Database, header: tuple[str, bytes | None]) -> None:
    """A good event with it lands, a bad one is a dead letter, one that waits waits."""
    await begin(database)
    earn = await started(database)

    def strange(record: Record) -> Record:
        return record._replace(headers=(*record.headers, header))

    good, bad = earn.record(*paid("o1", "m1")), earn.record(*paid("o2", "m2"))
    await asyncio.wait_for(
        earn.writer.write([strange(good), strange(bad._replace(value=b"?"))]), timeout=10
    )
    await earn.writer.close()
    [letter] = await dead_letters(database)
    assert letter["reason"] == "not-json"
    assert set(await standings(database)) == {"m1"}
    assert len(await rows(database, "SELECT FROM messaging.outbox")) == 2
