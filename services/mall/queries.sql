-- name: account
-- Reads one member's account with its open lots, earliest date first, and the time it is now.
SELECT
    clock_timestamp() AS now,
    a.balance,
    a.spendable,
    a.held,
    a.debt,
    ARRAY(
        SELECT l.expires_on FROM read.lot_v1 AS l
        WHERE l.member_id = $1 ORDER BY l.expires_on
    ) AS lot_dates,
    ARRAY(
        SELECT l.points FROM read.lot_v1 AS l
        WHERE l.member_id = $1 ORDER BY l.expires_on
    ) AS lot_points
FROM read.account_v1 AS a
WHERE a.member_id = $1;

-- name: entries
-- Reads a page of one member's entries below a sequence number, newest first.
SELECT
    seq, entry_id, cause, kind, points, balance, lot_dates, lot_points,
    reason, revision, occurred_at, posted_at
FROM read.entry_v1
WHERE member_id = $1 AND seq < $2
ORDER BY seq DESC
LIMIT $3;

-- name: entry_of_cause
-- Reads the one entry that a cause has left with a member.
SELECT
    seq, entry_id, cause, kind, points, balance, lot_dates, lot_points,
    reason, revision, occurred_at, posted_at
FROM read.entry_v1
WHERE member_id = $1 AND cause = $2;

-- name: newest_program
-- Reads the program document that was applied last.
SELECT document FROM program.revision ORDER BY revision DESC LIMIT 1;
