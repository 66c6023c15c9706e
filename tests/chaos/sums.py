"""What the books must hold, added up from what was sent: no rule of the product is asked."""

import json
from collections import defaultdict

from tests.integration.consuming.shop import Books
from tests.integration.redeem.desk import rows
from tests.integration.relay.outbox import records_of
from tests.support.databases import Database

_EARNED = """
SELECT member_id, count(*) AS orders, sum(points)::bigint AS points
FROM ledger.entry WHERE cause LIKE 'order/%' GROUP BY member_id
"""
_REDEEMED = """
SELECT (SELECT sum(sold) FROM redeem.stock) AS sold,
    (SELECT count(*) FROM redeem.redemption) AS redemptions,
    (SELECT count(*) FROM ledger.entry WHERE kind = 'redeemed') AS charges
"""
_WRONG_CHARGES = """
SELECT r.member_id, r.redemption_id FROM redeem.redemption AS r
LEFT JOIN ledger.entry AS e
    ON e.member_id = r.member_id AND e.cause = 'redemption/' || r.redemption_id || '/reserve'
WHERE e.points IS DISTINCT FROM -r.points
"""


async def orders_add_up(books: Books) -> int:
    """Each order on the topic earned once: a point per full yuan. Return how many there are."""
    orders: dict[str, tuple[str, int]] = {}
    for record in await records_of(books.bootstrap, "orders.v1"):
        assert record.value is not None
        data = json.loads(record.value)
        paid = sum(line["paid_minor"] for line in data["lines"])
        orders[data["order_id"]] = (data["member_id"], paid // 100)
    wanted: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for member, points in orders.values():
        number, earned = wanted[member]
        wanted[member] = (number + 1, earned + points)
    found = {row["member_id"]: (row["orders"], row["points"]) for row in await books.fetch(_EARNED)}
    assert found == wanted
    await books.check_sums()
    return len(orders)


async def redemptions_made(database: Database, made: int) -> None:
    """So many pieces were sold, redemptions made and charges posted."""
    (counts,) = await rows(database, _REDEEMED)
    assert tuple(counts) == (made, made, made)


async def redemptions_add_up(database: Database, made: int) -> None:
    """So many were made and charged, each once, at the price that was agreed on."""
    await redemptions_made(database, made)
    assert await rows(database, _WRONG_CHARGES) == []
