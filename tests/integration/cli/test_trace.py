"""`jifen trace` and `jifen parked`: what became of an order's events."""

import pytest

from shared.pipeline.operator import SQL
from tests.integration.cli.conftest import Jifen
from tests.integration.earn.desk import teller
from tests.support.databases import Database, owner_of
from tests.support.tellings import paid, refunded, shared

# Each command is a process of its own, and the machine may be busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


async def test_an_order_nobody_told_of(jifen: Jifen) -> None:
    said = await jifen.complains("trace", "o404")
    assert "nothing is known of an order 'o404'" in said
    done = await jifen.run("trace", "o404", "--json")
    assert done.returncode == 1
    assert '"known_tellings": 0' in done.stdout


async def test_everything_an_order_brought(database: Database, jifen: Jifen) -> None:
    earn = await teller(database)
    await earn.tell([paid("o1", "m1"), refunded("o1", "m1", "r1", 300), shared("o1", "m2", "m1")])
    await earn.tell([paid("o10", "m1"), refunded("o10", "m1", "r1", 300)])
    await earn.tell([refunded("o1", "m1", "r2", 700), paid("o1", "m1"), paid("o1", "m3")])
    undecoded = earn.record(*paid("o1", "m1"))._replace(value=b'{"order_id": "o1", "lines": 3}')
    await earn.writer.write([undecoded])
    await earn.writer.close()
    found = await jifen.prints_json("trace", "o1")
    assert (found["order"], found["member_id"]) == ("o1", "m1")
    applied = [(one["cause"], one["member_id"], one["points"]) for one in found["applied"]]
    assert applied == [
        ("order/o1/paid", "m1", 10),
        ("order/o1/refund/r1", "m1", -3),
        ("share/order/o1", "m2", 50),
        ("order/o1/refund/r2", "m1", -7),
        ("share/order/o1/reversed", "m2", -50),
    ]
    assert found["applied"][0]["reason"]["rules"] == ["purchase"]
    dead = [(one["reason"], one["cause"]) for one in found["dead_letters"]]
    assert dead == [("order-of-another-member", "order/o1/paid"), ("invalid-data", None)]
    assert found["known_tellings"] == 7
    text = await jifen.prints("trace", "o1")
    assert "order o1 (of member m1), 7 tellings known (5 applied, 2 dead)" in text
    assert "         earned +10 for m1, balance 10, entry m1/1, posted 2" in text


async def test_what_waits(database: Database, jifen: Jifen) -> None:
    assert await jifen.prints("parked", "list") == "No event waits.\n"
    earn = await teller(database)
    await earn.tell([refunded("o1", "m1"), shared("o1", "m2", "m1"), refunded("o2", "m1")])
    await earn.writer.close()
    text = await jifen.prints("trace", "o1")
    assert "order o1 (not paid yet), 2 tellings known (2 parked)" in text
    assert "of m1, waits for order/o1/paid, since 2" in text
    header, *lines = (await jifen.prints("parked", "list")).splitlines()
    assert header.split() == ["ID", "PARKED", "MEMBER", "EVENT", "WAITS", "FOR", "RECORD"]
    assert len(lines) == 3
    assert "m2      share/order/o1      order/o1/paid  shares.v1/0@1" in lines[1]
    async with owner_of(database) as owner:
        await owner.execute("UPDATE messaging.parked SET abandoned_at = now() WHERE id = 1")
    [gone] = await jifen.prints_json("parked", "list", "--abandoned")
    assert gone["awaits"] == "order/o1/paid"
    assert len(await jifen.prints_json("parked", "list", "--limit", "1")) == 1


async def test_the_queries_use_an_index(database: Database) -> None:
    """An operator's look must not read all that was ever told."""
    async with owner_of(database) as owner:
        await owner.execute("SET enable_seqscan = off")
        for name, arguments in (("order_entries", 2), ("order_parked", 1)):
            values = ["o1", "m1"][:arguments]
            plan = await owner.fetch("EXPLAIN " + SQL[name].replace("$2", "'m1'"), values[0])
            text = "\n".join(row[0] for row in plan)
            assert "Seq Scan" not in text, text
