"""Members with a lot that ends and one that stays, made by SQL: their chains hold in an audit."""

from datetime import date

from shared.program.load import default_text
from shared.program.store import seed
from tests.support.databases import Database, owner_of

END = date(2025, 12, 31)
"""The fixed date on which 60 of everybody's 100 points ended."""

_FIXED_DATE = "expiry: {policy: fixed-date, month: 12, day: 31, at_least_days: 90}\n"

# The dates, points and reason that all have in common are hashed as the texts they are.
_ENTRIES = """
INSERT INTO ledger.entry (
    member_id, seq, cause, fingerprint, kind, points, balance, lot_dates, lot_points, reason,
    revision, occurred_at, posted_at, hash_version, hash
)
SELECT
    m.name, 1, c.cause, sha256('paid'), 'earned', 100, 100, ('{' || c.dates || '}')::date[],
    ('{' || c.points || '}')::bigint[], c.reason, 1, c.at, c.at, 1,
    sha256(
        '\\x01'::bytea || ledger.genesis(m.name) || int8send(1) || int8send(100) || int8send(100)
        || timestamptz_send(c.at) || timestamptz_send(c.at) || int8send(1) || sha256('paid')
        || int4send(length(c.cause)) || int4send(length('earned')) || int4send(length(c.dates))
        || int4send(length(c.points)) || int4send(length(c.reason))
        || convert_to(c.cause || 'earned' || c.dates || c.points || c.reason, 'UTF8')
    )
FROM (SELECT 'm' || n AS name FROM generate_series(0, $1::bigint - 1) AS n) AS m
CROSS JOIN (
    SELECT 'order/past/paid' AS cause, $2::date || ',9000-12-31' AS dates, '60,40' AS points,
        '{"rules":["purchase"]}' AS reason, '2025-06-01T00:00:00Z'::timestamptz AS at
) AS c
ORDER BY m.name COLLATE "C"
"""
_ACCOUNTS = """
INSERT INTO ledger.account (member_id, head_hash, balance, earned, seq, posted_at)
SELECT e.member_id, e.hash, e.balance, e.points, e.seq, e.posted_at FROM ledger.entry AS e
"""
_LOTS = """
INSERT INTO ledger.lot (member_id, expires_on, points)
SELECT e.member_id, l.expires_on, l.points
FROM ledger.entry AS e
CROSS JOIN LATERAL unnest(e.lot_dates, e.lot_points) AS l (expires_on, points)
"""


async def make_due(database: Database, members: int, *, ends: date = END) -> None:
    """Give members `m0`, `m1`, … an order each, of which 60 points end on a date."""
    async with owner_of(database) as owner:
        await owner.execute("SET synchronous_commit = off")
        await owner.execute(_ENTRIES, members, ends, timeout=600)
        await owner.execute(_ACCOUNTS, timeout=600)
        await owner.execute(_LOTS, timeout=600)
        await owner.execute("VACUUM ANALYZE", timeout=600)
        await owner.execute("CHECKPOINT", timeout=600)


async def give_fixed_date(database: Database) -> None:
    """Put a program in force by which all points end on 31 December: now END is over."""
    rules, _ = default_text().split("expiry:\n")
    async with owner_of(database) as owner:
        await seed(owner, by="bench", document=rules + _FIXED_DATE)
