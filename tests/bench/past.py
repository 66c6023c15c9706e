"""Years of earning, made by SQL: a ledger that is large before anything is measured."""

from tests.support.databases import Database, owner_of

ENTRIES_EACH = 10
"""A member has so many entries, of so many orders."""

_FILL = (
    """
INSERT INTO ledger.account (member_id, head_hash, balance, earned, seq)
SELECT
    m.name, sha256(convert_to(m.name || '/' || e.each, 'UTF8')), 100 * e.each, 100 * e.each, e.each
FROM (SELECT 'm' || n AS name FROM generate_series(0, $1::bigint - 1) AS n) AS m
CROSS JOIN (SELECT $2::bigint AS each) AS e
ORDER BY m.name COLLATE "C"
""",
    """
INSERT INTO ledger.lot (member_id, expires_on, points)
SELECT a.member_id, current_date + 90 + s.n::integer, 100
FROM ledger.account AS a CROSS JOIN generate_series(1, $2::bigint) AS s (n)
WHERE $1::bigint > 0
ORDER BY 1, 2
""",
    """
INSERT INTO ledger.entry (
    member_id, seq, cause, fingerprint, kind, points, balance, lot_dates, lot_points, reason,
    revision, occurred_at, posted_at, hash_version, hash
)
SELECT
    a.member_id, s.n, 'order/past-' || a.member_id || '-' || s.n || '/paid', a.head_hash, 'earned',
    100, 100 * s.n, ARRAY[current_date + 90 + s.n::integer], ARRAY[100],
    '{"rules":["purchase"],"base_minor":10000,"currency":"CNY","rate":[1,100],"rounding":"down"}',
    1, '2025-06-01', '2025-06-01', 1, sha256(convert_to(a.member_id || '/' || s.n, 'UTF8'))
FROM ledger.account AS a CROSS JOIN generate_series(1, $2::bigint) AS s (n)
WHERE $1::bigint > 0
ORDER BY a.member_id, s.n
""",
    """
INSERT INTO earn.order_claim (order_id, member_id, currency, lines)
SELECT
    'past-' || a.member_id || '-' || s.n, a.member_id, 'CNY', '[["1",6000,0],["2",4000,0]]'
FROM ledger.account AS a CROSS JOIN generate_series(1, $2::bigint) AS s (n)
WHERE $1::bigint > 0
ORDER BY a.member_id, s.n
""",
)


async def make_past(database: Database, members: int) -> int:
    """Give members `m0`, `m1`, … a past that adds up, but for its hashes; return the entries."""
    async with owner_of(database) as owner:
        await owner.execute("SET synchronous_commit = off")
        for statement in _FILL:
            await owner.execute(statement, members, ENTRIES_EACH, timeout=1_800)
        await owner.execute("VACUUM ANALYZE", timeout=1_800)
        await owner.execute("CHECKPOINT", timeout=1_800)
    return members * ENTRIES_EACH
