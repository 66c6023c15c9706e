-- name: release
-- Let others have a part of the members.
SELECT pg_advisory_unlock($1::integer, $2::integer);

-- name: clock
-- The time a schedule is made for.
SELECT clock_timestamp();

-- name: raise_targets
-- Let all parts sweep up to a date and plan a day; the rows are locked in one order.
WITH held AS MATERIALIZED (
    SELECT b.bucket FROM expiry.bucket AS b
    WHERE b.sweep_to < $1::date OR $2::date > coalesce(b.plan_on, '-infinity')
    ORDER BY b.bucket
    FOR UPDATE
)
UPDATE expiry.bucket AS b
SET sweep_to = greatest(b.sweep_to, $1::date), plan_on = greatest(b.plan_on, $2::date)
FROM held
WHERE b.bucket = held.bucket;

-- name: finish_runs
-- Note which runs are through: every part has come as far as the day they were for.
UPDATE expiry.run AS r SET finished_at = clock_timestamp()
WHERE r.finished_at IS NULL
    AND NOT EXISTS (SELECT FROM expiry.bucket AS b WHERE b.after_date < r.as_of)
RETURNING r.run_id;

-- name: request_run
-- Keep who asked for a run.
INSERT INTO expiry.run (as_of, requested_by) VALUES ($1, $2)
RETURNING run_id, as_of, requested_by, requested_at;

-- name: rewind
-- Let all parts sweep from the beginning of time again, and plan all of today's reminders again,
-- unless there are days to plan; the rows are locked in one order.
WITH held AS MATERIALIZED (
    SELECT b.bucket FROM expiry.bucket AS b ORDER BY b.bucket FOR UPDATE
)
UPDATE expiry.bucket AS b
SET after_date = '-infinity', after_member = '', failed_from = NULL,
    planned_through = CASE WHEN b.planned_through < b.plan_on THEN b.planned_through END,
    plan_on = greatest(b.plan_on, $1::date)
FROM held
WHERE b.bucket = held.bucket;

-- name: find_work
-- Which parts have something to sweep, or to plan today: a day that is over is planned no more.
SELECT b.bucket
FROM expiry.bucket AS b
WHERE b.after_date <= b.sweep_to
    OR (
        b.plan_on = (clock_timestamp() AT TIME ZONE $1::text)::date
        AND b.plan_on > coalesce(b.planned_through, '-infinity')
    )
ORDER BY b.bucket;

-- name: read_bucket
-- How far a part is.
SELECT b.after_date, b.after_member, b.sweep_to, b.planned_through, b.plan_on
FROM expiry.bucket AS b
WHERE b.bucket = $1;

-- name: find_due
-- The next lots of a part that are past their date; a plain read, checked again under the locks.
SELECT l.member_id, l.expires_on
FROM ledger.lot AS l
WHERE expiry.bucket_of(l.member_id) = $1
    AND (l.expires_on, l.member_id) > ($2::date, $3::text)
    AND l.expires_on <= $4::date
    AND l.points > 0
ORDER BY l.expires_on, l.member_id
LIMIT $5;

-- name: advance
-- Move a part on from where this worker found it: whoever was slower than another finds no row.
UPDATE expiry.bucket AS b
SET after_date = $4, after_member = $5, failed_from = least(b.failed_from, $6::date)
WHERE b.bucket = $1 AND b.after_date = $2 AND b.after_member = $3
RETURNING 1;

-- name: load_due
-- What locked members have left in lots from the first date that is not swept to before a day.
SELECT l.member_id, l.expires_on, l.points, l.expired, l.forgiven, l.times_expired
FROM ledger.lot AS l
WHERE l.member_id = ANY (string_to_array($1::text, E'\n'))
    AND l.expires_on >= $2::date
    AND l.expires_on < $3::date
    AND l.points > 0;

-- name: finish_sweep
-- A part is swept through a date; where members were left behind, it begins again at the first.
UPDATE expiry.bucket AS b
SET after_date = coalesce(b.failed_from, $4::date + 1), after_member = '', failed_from = NULL
WHERE b.bucket = $1 AND b.after_date = $2 AND b.after_member = $3
RETURNING old.failed_from IS NULL AS whole;

-- name: remind
-- Plan one stage for the next page of lots, and announce what was not planned before.
WITH page AS MATERIALIZED (
    SELECT l.member_id, l.expires_on, l.points
    FROM ledger.lot AS l
    WHERE expiry.bucket_of(l.member_id) = $1
        AND (l.expires_on, l.member_id) > ($2::date, $3::text)
        AND l.expires_on <= $4::date
        AND l.points > 0
    ORDER BY l.expires_on, l.member_id
    LIMIT $6
), told AS (
    INSERT INTO expiry.reminder (member_id, expires_on, stage, points, planned_at)
    SELECT p.member_id, p.expires_on, $5::smallint, p.points, (SELECT clock_timestamp())
    FROM page AS p
    ORDER BY p.expires_on, p.member_id
    ON CONFLICT DO NOTHING
    RETURNING member_id, expires_on, points, planned_at
), announced AS (
    INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload)
    SELECT
        t.member_id || '/' || to_char(t.expires_on, 'YYYY-MM-DD') || '/' || $5::smallint,
        'reminders.v1',
        t.member_id,
        'expiry.reminder-due.v1',
        '{"member_id":"' || t.member_id || '","stage":' || $5::smallint
        || ',"expires_on":' || to_json(t.expires_on) || ',"points":' || t.points
        || ',"at":' || to_json(t.planned_at) || '}'
    FROM told AS t
    ORDER BY t.expires_on, t.member_id
)
SELECT p.expires_on, p.member_id, s.lots, (SELECT count(*) FROM told) AS reminders
FROM (SELECT count(*) AS lots FROM page) AS s
LEFT JOIN LATERAL (
    SELECT g.expires_on, g.member_id FROM page AS g
    ORDER BY g.expires_on DESC, g.member_id DESC
    LIMIT 1
) AS p ON true;

-- name: count_missed
-- How many would have been told at a stage that a later one, or the date, has overtaken.
SELECT count(*)
FROM ledger.lot AS l
WHERE expiry.bucket_of(l.member_id) = $1
    AND l.expires_on > $2::date
    AND l.expires_on <= $3::date
    AND l.points > 0
    AND NOT EXISTS (
        SELECT FROM expiry.reminder AS r
        WHERE r.member_id = l.member_id AND r.expires_on = l.expires_on AND r.stage = $4::smallint
    );

-- name: finish_plan
-- A part's reminders are planned through a day, unless another worker was first to say so.
UPDATE expiry.bucket AS b
SET planned_through = $3, skipped = b.skipped + $4
WHERE b.bucket = $1 AND b.planned_through IS NOT DISTINCT FROM $2::date
RETURNING 1;

-- name: overdue
-- Lots past their date that still hold points, up to a limit, and how long the oldest is.
SELECT
    count(*) AS lots,
    coalesce(
        extract(
            epoch FROM clock_timestamp()
            - (min(d.expires_on) + 1)::timestamp AT TIME ZONE $1::text
        ), 0
    )::double precision AS oldest_seconds
FROM (
    SELECT l.expires_on
    FROM expiry.bucket AS b
    CROSS JOIN LATERAL (
        SELECT o.expires_on FROM ledger.lot AS o
        WHERE expiry.bucket_of(o.member_id) = b.bucket
            AND (o.expires_on, o.member_id) > (b.after_date, b.after_member)
            AND o.expires_on < (clock_timestamp() AT TIME ZONE $1::text)::date
            AND o.points > 0
        ORDER BY o.expires_on, o.member_id
        LIMIT $2::bigint
    ) AS l
    LIMIT $2::bigint
) AS d;
