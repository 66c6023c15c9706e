-- name: look_up_by_key
-- A part is a small share of all lots, and is found by its index whatever statistics say.
SELECT set_config('enable_seqscan', 'off', false);

-- name: read_today
-- The local day in the program's zone.
SELECT (clock_timestamp() AT TIME ZONE $1::text)::date;

-- name: list_buckets
-- How far each part is.
SELECT b.bucket, b.planned_through
FROM expiry.bucket AS b
ORDER BY b.bucket;

-- name: sum_due
-- What a part still has in lots of dates before a day.
SELECT l.expires_on, count(*) AS members, sum(l.points)::bigint AS points
FROM ledger.lot AS l
WHERE expiry.bucket_of(l.member_id) = $1 AND l.expires_on < $2::date AND l.points > 0
GROUP BY l.expires_on;

-- name: sum_reminders
-- Whom of a part a stage would tell, and of how many points.
SELECT count(*) AS members, coalesce(sum(l.points), 0)::bigint AS points
FROM ledger.lot AS l
WHERE expiry.bucket_of(l.member_id) = $1
    AND l.expires_on > $2::date
    AND l.expires_on <= $3::date
    AND l.points > 0
    AND NOT EXISTS (
        SELECT FROM expiry.reminder AS r
        WHERE r.member_id = l.member_id AND r.expires_on = l.expires_on AND r.stage = $4::smallint
    );

-- name: read_state
-- How far the sweep and the reminders are, and who works: a lock is held by whoever does.
SELECT
    count(*) FILTER (WHERE b.after_date <= b.sweep_to) AS open_parts,
    nullif(max(b.sweep_to), '-infinity') AS sweep_to,
    bool_and(b.planned_through IS NOT NULL) AS planned,
    min(b.planned_through) AS planned_through,
    sum(b.skipped)::bigint AS skipped,
    (
        SELECT count(*) FROM pg_locks AS k
        WHERE k.locktype = 'advisory' AND k.classid = 0x6A696678 AND k.objid = 64 AND k.granted
            AND k.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    ) AS leaders
FROM expiry.bucket AS b;

-- name: list_runs
-- The runs that operators asked for last.
SELECT r.run_id, r.as_of, r.requested_by, r.requested_at, r.finished_at
FROM expiry.run AS r
ORDER BY r.run_id DESC
LIMIT $1;
