"""Members with a lot past its date, made by SQL: as years of earning left them."""

from datetime import date

from tests.support.databases import Database, owner_of

END = date(2025, 12, 31)
"""The fixed date on which everybody's points end."""

_ACCOUNTS = """
INSERT INTO ledger.account (member_id, head_hash, balance, earned)
SELECT m, ledger.genesis(m), 100, 100 FROM (SELECT 'member-' || n FROM generate_series(1, $1) AS n)
AS t (m)
"""
# A member of some years has lots of other dates, too, swept and open.
_LOTS = """
INSERT INTO ledger.lot (member_id, expires_on, points, expired, times_expired)
SELECT a.member_id, d.expires_on, d.points, d.expired, d.times
FROM ledger.account AS a
CROSS JOIN (VALUES
    ('2023-12-31'::date, 0, 70, 1), ('2024-12-31', 0, 80, 1), ('2025-12-31', 60, 0, 0),
    ('9000-12-31', 40, 0, 0)
) AS d (expires_on, points, expired, times)
"""


async def make_due(database: Database, members: int) -> None:
    """Make so many members with 60 of their 100 points past their date."""
    async with owner_of(database) as owner:
        await owner.execute(_ACCOUNTS, members, timeout=600)
        await owner.execute(_LOTS, timeout=600)
        await owner.execute("VACUUM ANALYZE ledger.account, ledger.lot", timeout=600)
        await owner.execute("CHECKPOINT", timeout=600)
