-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

CREATE SCHEMA read;

CREATE VIEW read.account_v1 AS
SELECT
    a.member_id,
    a.balance,
    greatest(a.balance, 0) AS spendable,
    0::bigint AS held,
    greatest(-a.balance, 0) AS debt,
    a.seq
FROM ledger.account AS a;

CREATE VIEW read.lot_v1 AS
SELECT l.member_id, l.expires_on, l.points
FROM ledger.lot AS l
WHERE l.points > 0;

CREATE VIEW read.entry_v1 AS
SELECT
    e.member_id,
    e.seq,
    e.member_id || '/' || e.seq AS entry_id,
    e.cause,
    e.kind,
    e.points,
    e.balance,
    e.lot_dates,
    e.lot_points,
    e.reason,
    e.revision,
    e.occurred_at,
    e.posted_at
FROM ledger.entry AS e;

GRANT USAGE ON SCHEMA read TO jifen_mall;
GRANT SELECT ON ALL TABLES IN SCHEMA read TO jifen_mall;

-- migrate:down
