-- name: account
-- Reads one member's account with its open lots, earliest date first, and the time it is now.
SELECT
    clock_timestamp() AS now,
    coalesce(a.balance, 0) AS balance,
    coalesce(a.spendable, 0) AS spendable,
    coalesce(a.held, 0) AS held,
    coalesce(a.debt, 0) AS debt,
    ARRAY(
        SELECT l.expires_on FROM read.lot_v1 AS l
        WHERE l.member_id = $1 ORDER BY l.expires_on
    ) AS lot_dates,
    ARRAY(
        SELECT l.points FROM read.lot_v1 AS l
        WHERE l.member_id = $1 ORDER BY l.expires_on
    ) AS lot_points
FROM (VALUES (1)) AS anybody (one)
LEFT JOIN read.account_v1 AS a ON a.member_id = $1;

-- name: entries
-- Reads a page of one member's entries below a sequence number, newest first.
SELECT
    seq, entry_id, cause, kind, points, balance, lot_dates, lot_points,
    reason, revision, occurred_at, posted_at
FROM read.entry_v1
WHERE member_id = $1 AND seq < $2
ORDER BY seq DESC
LIMIT $3;

-- name: expired
-- Reads a page of one member's expiries below a sequence number, newest first.
SELECT
    seq, entry_id, cause, kind, points, balance, lot_dates, lot_points,
    reason, revision, occurred_at, posted_at
FROM read.entry_v1
WHERE member_id = $1 AND seq < $2 AND kind = 'expired'
ORDER BY seq DESC
LIMIT $3;

-- name: entry_of_cause
-- Reads the one entry that a cause has left with a member.
SELECT
    seq, entry_id, cause, kind, points, balance, lot_dates, lot_points,
    reason, revision, occurred_at, posted_at
FROM read.entry_v1
WHERE member_id = $1 AND cause = $2;

-- name: rewards
-- Reads a page of the rewards on sale now, within a band of prices, in the document's order.
SELECT
    r.reward_id, r.position, r.kind, r.title, r.points, r.stock_left, r.day, r.day_used,
    r.daily_limit, r.monthly_limit, r.on_sale_from, r.on_sale_until, r.tiers,
    clock_timestamp() AS now
FROM read.reward_v1 AS r
WHERE r.position > $1
    AND r.points >= $2
    AND ($3::bigint IS NULL OR r.points < $3)
    AND (r.on_sale_from IS NULL OR r.on_sale_from <= clock_timestamp())
    AND (r.on_sale_until IS NULL OR r.on_sale_until > clock_timestamp())
ORDER BY r.position
LIMIT $4;

-- name: used
-- Counts the pieces one member has of each reward by month, since a day.
SELECT
    u.reward_id, date_trunc('month', u.counted_on)::date AS month, sum(u.quantity)::bigint AS used
FROM read.redemption_use_v1 AS u
WHERE u.member_id = $1 AND u.counted_on >= $2
GROUP BY u.reward_id, month;

-- name: redemptions
-- Reads a page of one member's redemptions before a place, newest first; of one status or of all.
SELECT
    r.redemption_id, r.reward_id, r.title, r.kind, r.quantity, r.points, r.status, r.version,
    r.reason, r.lot_dates, r.lot_points, r.requested_at, r.reserved_until, r.carrier,
    r.tracking_no, r.changed_at
FROM read.redemption_v1 AS r
WHERE r.member_id = $1
    AND ($2::text IS NULL OR r.status = $2)
    AND ($3::timestamptz IS NULL OR (r.requested_at, r.redemption_id) < ($3, $4::text))
ORDER BY r.requested_at DESC, r.redemption_id DESC
LIMIT $5;

-- name: messages
-- Reads a page of one member's inbox below a message's number, newest first.
SELECT m.id, m.cause, m.template, m.data, m.created_at, m.read_at
FROM read.message_v1 AS m
WHERE m.member_id = $1 AND m.id < $2
ORDER BY m.id DESC
LIMIT $3;

-- name: unread
-- Counts the messages that one member has not read.
SELECT count(*) FROM read.message_v1 AS m WHERE m.member_id = $1 AND m.read_at IS NULL;

-- name: newest_program
-- Reads the program document that was applied last.
SELECT document FROM program.revision ORDER BY revision DESC LIMIT 1;
