-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

CREATE SCHEMA redeem;

-- The rewards documents as applied; the newest is in force.
CREATE TABLE redeem.rewards_revision (
    revision integer PRIMARY KEY CHECK (revision > 0),
    document text NOT NULL,
    applied_by text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row per reward that was ever offered, as the document says it by now.
-- position is its place in the document; null once it is no longer offered.
CREATE TABLE redeem.reward (
    reward_id text COLLATE "C" PRIMARY KEY CHECK (octet_length(reward_id) BETWEEN 1 AND 64),
    revision integer NOT NULL,
    position integer,
    body json NOT NULL
);

-- What there is of each reward: the one row that all who want it meet at.
-- total counts all pieces there ever were; day_used those asked for on that day and not given up.
CREATE TABLE redeem.stock (
    reward_id text COLLATE "C" PRIMARY KEY,
    total bigint NOT NULL CHECK (total BETWEEN 0 AND 1000000000),
    reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    sold bigint NOT NULL DEFAULT 0 CHECK (sold >= 0),
    day date NOT NULL DEFAULT '0001-01-01',
    day_used bigint NOT NULL DEFAULT 0 CHECK (day_used >= 0),
    CHECK (reserved + sold <= total)
) WITH (fillfactor = 50);

-- A reward as it is offered, or was, and what there is of it.
CREATE VIEW redeem.shelf AS
SELECT
    s.reward_id, s.total, s.reserved, s.sold, s.day, s.day_used, r.revision,
    r.position IS NOT NULL AS offered, r.body
FROM redeem.stock AS s
JOIN redeem.reward AS r ON r.reward_id = s.reward_id;

-- Locks the stock of rewards in the order of their ids, writing nothing, and then tells their
-- shelves: in a statement of its own, which sees what was written while it waited for the locks.
CREATE FUNCTION redeem.lock_shelves(rewards text[]) RETURNS SETOF redeem.shelf
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO redeem.stock AS s (reward_id, total)
    SELECT k.reward_id, k.total FROM redeem.stock AS k
    WHERE k.reward_id = ANY (rewards)
    ORDER BY k.reward_id
    ON CONFLICT (reward_id) DO UPDATE SET reserved = s.reserved WHERE false;

    RETURN QUERY SELECT s.* FROM redeem.shelf AS s WHERE s.reward_id = ANY (rewards);
END
$$;

-- One purchase. lot_dates and lot_points say where its points came from, and go back to; balance is
-- the member's after it was paid; counted_on is the local day that daily and monthly limits count.
CREATE TABLE redeem.redemption (
    member_id text COLLATE "C" NOT NULL,
    redemption_id text COLLATE "C" NOT NULL CHECK (octet_length(redemption_id) BETWEEN 1 AND 64),
    reward_id text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    points bigint NOT NULL CHECK (points > 0),
    balance bigint NOT NULL,
    status text NOT NULL CHECK (
        status IN ('reserved', 'awaiting-payment', 'to-ship', 'shipped', 'completed', 'cancelled')
    ),
    version integer NOT NULL CHECK (version > 0),
    reason text,
    rewards_revision integer NOT NULL,
    lot_dates date[] NOT NULL,
    lot_points bigint[] NOT NULL,
    counted_on date NOT NULL,
    requested_at timestamptz NOT NULL,
    reserved_until timestamptz NOT NULL,
    carrier text,
    tracking_no text,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (member_id, redemption_id),
    CHECK (cardinality(lot_dates) = cardinality(lot_points))
) WITH (fillfactor = 80);
-- A new redemption as the service tells it, its lots as array literals.
CREATE TYPE redeem.purchase AS (
    member_id text, redemption_id text, reward_id text, kind text, quantity bigint, points bigint,
    balance bigint, status text, version integer, reason text, rewards_revision integer,
    lot_dates text, lot_points text, counted_on date, requested_at timestamptz,
    reserved_until timestamptz, carrier text, tracking_no text, changed_at timestamptz
);
CREATE INDEX redemption_open ON redeem.redemption (member_id) WHERE status = 'reserved';
CREATE INDEX redemption_due ON redeem.redemption (reserved_until) WHERE status = 'reserved';
CREATE INDEX redemption_status ON redeem.redemption (status, changed_at);

-- Each command that was decided, with the answer it got: told again, it gets that again, for ever.
-- A request that was accepted is none of them: its ledger entry has the fingerprint, its redemption
-- all that was answered.
-- fingerprint is of how it was told; the same cause told otherwise is a conflict.
CREATE TABLE redeem.command (
    member_id text COLLATE "C" NOT NULL,
    cause text COLLATE "C" NOT NULL CHECK (octet_length(cause) BETWEEN 1 AND 300),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer text NOT NULL CHECK (octet_length(answer) <= 16384),
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (member_id, cause)
);

REVOKE ALL ON FUNCTION redeem.lock_shelves(text[]) FROM PUBLIC;
GRANT USAGE ON SCHEMA redeem TO jifen_redeem;
GRANT EXECUTE ON FUNCTION redeem.lock_shelves(text[]) TO jifen_redeem;
GRANT SELECT ON ALL TABLES IN SCHEMA redeem TO jifen_redeem;
-- How much there is of a reward is the operator's to say, what is taken of it the service's.
GRANT INSERT, UPDATE (reserved, sold, day, day_used) ON redeem.stock TO jifen_redeem;
GRANT INSERT, UPDATE ON redeem.redemption TO jifen_redeem;
GRANT INSERT ON redeem.command TO jifen_redeem;

-- Held points are spent as far as the balance goes, and shown apart until they are confirmed.
CREATE OR REPLACE VIEW read.account_v1 AS
SELECT
    a.member_id,
    a.balance,
    greatest(a.balance, 0) AS spendable,
    (
        SELECT coalesce(sum(r.points), 0)::bigint FROM redeem.redemption AS r
        WHERE r.member_id = a.member_id AND r.status = 'reserved'
    ) AS held,
    greatest(-a.balance, 0) AS debt,
    a.seq
FROM ledger.account AS a;

CREATE VIEW read.reward_v1 AS
SELECT
    r.reward_id,
    r.position,
    r.revision,
    r.body ->> 'kind' AS kind,
    r.body ->> 'title' AS title,
    (r.body ->> 'points')::bigint AS points,
    s.total - s.reserved - s.sold AS stock_left,
    s.day,
    s.day_used,
    (r.body ->> 'daily_limit')::bigint AS daily_limit,
    (r.body ->> 'monthly_limit')::bigint AS monthly_limit,
    (r.body -> 'on_sale' ->> 'from')::timestamptz AS on_sale_from,
    (r.body -> 'on_sale' ->> 'until')::timestamptz AS on_sale_until,
    ARRAY(SELECT json_array_elements_text(r.body -> 'tiers')) AS tiers
FROM redeem.reward AS r
JOIN redeem.stock AS s ON s.reward_id = r.reward_id
WHERE r.position IS NOT NULL;

CREATE VIEW read.redemption_v1 AS
SELECT
    r.member_id, r.redemption_id, r.reward_id, r.kind, w.body ->> 'title' AS title, r.quantity,
    r.points, r.status, r.version, r.reason, r.lot_dates, r.lot_points, r.requested_at,
    CASE WHEN r.status = 'reserved' THEN r.reserved_until END AS reserved_until,
    r.carrier, r.tracking_no, r.changed_at
FROM redeem.redemption AS r
LEFT JOIN redeem.reward AS w ON w.reward_id = r.reward_id;

GRANT SELECT ON read.account_v1, read.reward_v1, read.redemption_v1 TO jifen_mall;

-- migrate:down
