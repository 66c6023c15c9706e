-- name: load_redemptions
-- The redemptions that commands name, and every reservation their members hold.
SELECT
    r.member_id, r.redemption_id, r.reward_id, r.kind, r.quantity, r.points, r.balance, r.status,
    r.version, r.reason, r.rewards_revision, r.lot_dates, r.lot_points, r.counted_on, r.requested_at,
    r.reserved_until, r.carrier, r.tracking_no, r.changed_at,
    r.status = 'reserved' AND r.reserved_until <= clock_timestamp() AS due
FROM unnest(string_to_array($2::text, E'\n'), string_to_array($3::text, E'\n'))
    AS k (member_id, redemption_id)
CROSS JOIN LATERAL (
    SELECT f.* FROM redeem.redemption AS f
    WHERE f.member_id = k.member_id AND f.redemption_id = k.redemption_id
    OFFSET 0
) AS r
WHERE r.member_id = ANY (string_to_array($2::text, E'\n'))
UNION ALL
SELECT
    r.member_id, r.redemption_id, r.reward_id, r.kind, r.quantity, r.points, r.balance, r.status,
    r.version, r.reason, r.rewards_revision, r.lot_dates, r.lot_points, r.counted_on, r.requested_at,
    r.reserved_until, r.carrier, r.tracking_no, r.changed_at,
    r.status = 'reserved' AND r.reserved_until <= clock_timestamp() AS due
FROM redeem.redemption AS r
WHERE r.member_id = ANY (string_to_array($1::text, E'\n')) AND r.status = 'reserved';

-- name: lock_shelves
-- The same as `load_shelves`, after their stock was locked.
SELECT s.* FROM redeem.lock_shelves($1::text[]) AS s;

-- name: load_shelves
-- Rewards as they are offered, or were, and what there is of them.
SELECT s.* FROM redeem.shelf AS s WHERE s.reward_id = ANY ($1::text[]);

-- name: load_commands
-- Which commands (pairwise with members) were decided already, and what they came to.
SELECT c.member_id, c.cause, c.fingerprint, c.answer
FROM unnest(string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'))
    AS k (member_id, cause)
CROSS JOIN LATERAL (
    SELECT f.* FROM redeem.command AS f
    WHERE f.member_id = k.member_id AND f.cause = k.cause
    OFFSET 0
) AS c
WHERE c.member_id = ANY (string_to_array($1::text, E'\n'));

-- name: load_used
-- How many pieces members had of rewards by month, since the beginning of the month before.
SELECT
    r.member_id, r.reward_id, date_trunc('month', r.counted_on)::date AS month,
    sum(r.quantity)::bigint AS used
FROM redeem.redemption AS r
WHERE r.member_id = ANY ($1::text[])
    AND r.reward_id = ANY ($2::text[])
    AND r.counted_on >= (
        date_trunc('month', clock_timestamp() AT TIME ZONE $3::text) - interval '1 month'
    )::date
    AND r.status <> 'cancelled'
GROUP BY r.member_id, r.reward_id, month;

-- name: read_account
-- An account as it stands, without its lock: for what is only to be told.
SELECT a.balance, a.seq, a.head_hash, a.posted_at
FROM ledger.account AS a
WHERE a.member_id = $1;

-- name: find_due
-- Reservations whose time is over, the oldest first, but those of members left alone; a plain read,
-- checked again under the locks.
SELECT r.member_id, r.redemption_id
FROM redeem.redemption AS r
WHERE r.status = 'reserved' AND r.reserved_until <= clock_timestamp()
    AND r.member_id <> ALL (string_to_array($2::text, E'\n'))
ORDER BY r.reserved_until
LIMIT $1;

-- name: overdue_seconds
-- How long ago the time of the oldest reservation was over; 0 where none is.
SELECT greatest(extract(EPOCH FROM clock_timestamp() - min(r.reserved_until)), 0)::double precision
FROM redeem.redemption AS r
WHERE r.status = 'reserved';

-- name: keep_purchases
-- Write new redemptions; their members are locked, so that nobody else can have.
INSERT INTO redeem.redemption (
    member_id, redemption_id, reward_id, kind, quantity, points, balance, status, version, reason,
    rewards_revision, lot_dates, lot_points, counted_on, requested_at, reserved_until, carrier,
    tracking_no, changed_at
)
SELECT
    p.member_id, p.redemption_id, p.reward_id, p.kind, p.quantity, p.points, p.balance, p.status,
    p.version, p.reason, p.rewards_revision, p.lot_dates::date[], p.lot_points::bigint[],
    p.counted_on, p.requested_at, p.reserved_until, p.carrier, p.tracking_no, p.changed_at
FROM unnest($1::redeem.purchase[]) AS p;

-- name: move_redemptions
-- Write what has become of redemptions.
UPDATE redeem.redemption AS r SET
    status = t.status, version = t.version, reason = t.reason, carrier = t.carrier,
    tracking_no = t.tracking_no, changed_at = t.changed_at
FROM unnest(
    string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'),
    string_to_array($3::text, E'\n'), $4::integer[], $5::text[], $6::text[], $7::text[],
    $8::timestamptz[]
) AS t (member_id, redemption_id, status, version, reason, carrier, tracking_no, changed_at)
WHERE r.member_id = t.member_id AND r.redemption_id = t.redemption_id
    AND r.member_id = ANY (string_to_array($1::text, E'\n'));

-- name: keep_stock
-- Write what is taken of rewards, each row once; the rows are locked.
UPDATE redeem.stock AS s
SET reserved = t.reserved, sold = t.sold, day = t.day, day_used = t.day_used
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::date[], $5::bigint[])
    AS t (reward_id, reserved, sold, day, day_used)
WHERE s.reward_id = t.reward_id AND s.reward_id = ANY ($1::text[]);

-- name: keep_commands
-- Keep what commands came to; one that is there already is left as it is.
INSERT INTO redeem.command (member_id, cause, fingerprint, answer, decided_at)
SELECT t.member_id, t.cause, t.fingerprint, t.answer, t.decided_at
FROM unnest(
    string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'), $3::bytea[], $4::text[],
    $5::timestamptz[]
) AS t (member_id, cause, fingerprint, answer, decided_at)
ON CONFLICT DO NOTHING
RETURNING 1;

-- name: announce
-- Append statuses to the outbox, in order; after a restore versions are used again, epochs not.
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload, headers)
SELECT
    o.name || '/' || p.epoch, 'redemption-events.v1', o.aggregateid, o.type, o.payload,
    CASE WHEN o.traceparent IS NOT NULL THEN json_build_object('traceparent', o.traceparent) END
FROM unnest(
    string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'),
    string_to_array($3::text, E'\n'), string_to_array($4::text, E'\n'), $5::text[]
) WITH ORDINALITY AS o (aggregateid, name, type, payload, traceparent, ord)
CROSS JOIN ledger.epoch AS p
ORDER BY o.ord;
