-- name: claim
-- Take deliveries that are due, each for one sender until its lease ends, with their messages.
WITH due AS MATERIALIZED (
    SELECT d.member_id, d.cause
    FROM notify.delivery AS d
    WHERE d.channel = $1 AND d.dead_at IS NULL AND d.due_at <= clock_timestamp()
    ORDER BY d.due_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE notify.delivery AS d
    SET due_at = clock_timestamp() + $3::interval, attempts = d.attempts + 1
    FROM due
    WHERE d.member_id = due.member_id AND d.cause = due.cause AND d.channel = $1
        AND d.member_id = ANY (ARRAY(SELECT e.member_id FROM due AS e))
    RETURNING d.member_id, d.cause, d.attempts
)
SELECT c.member_id, c.cause, c.attempts, m.template, m.data, m.created_at
FROM claimed AS c
CROSS JOIN LATERAL (
    SELECT f.template, f.data, f.created_at FROM notify.message AS f
    WHERE f.member_id = c.member_id AND f.cause = c.cause
    OFFSET 0
) AS m;

-- name: end_delivered
-- Forget deliveries that the channel took, unless another sender has begun anew, and say so.
WITH told AS MATERIALIZED (
    SELECT t.member_id, t.cause, t.attempts, t.event_id, t.type, t.payload
    FROM json_to_recordset($2::json) AS t (
        member_id text, cause text, attempts integer, event_id text, type text, payload text
    )
), gone AS (
    DELETE FROM notify.delivery AS d
    USING told AS t
    WHERE d.member_id = t.member_id AND d.cause = t.cause AND d.channel = $1
        AND d.attempts = t.attempts AND d.dead_at IS NULL
        AND d.member_id = ANY (ARRAY(SELECT e.member_id FROM told AS e))
    RETURNING t.event_id, d.member_id, t.type, t.payload
)
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload)
SELECT g.event_id, 'notifications.v1', g.member_id, g.type, g.payload
FROM gone AS g;

-- name: end_dead
-- Keep deliveries that were given up, unless another sender has begun anew, and say so.
WITH told AS MATERIALIZED (
    SELECT t.member_id, t.cause, t.attempts, t.problem, t.event_id, t.type, t.payload
    FROM json_to_recordset($2::json) AS t (
        member_id text, cause text, attempts integer, problem text, event_id text, type text,
        payload text
    )
), dead AS (
    UPDATE notify.delivery AS d SET dead_at = clock_timestamp(), problem = t.problem
    FROM told AS t
    WHERE d.member_id = t.member_id AND d.cause = t.cause AND d.channel = $1
        AND d.attempts = t.attempts AND d.dead_at IS NULL
        AND d.member_id = ANY (ARRAY(SELECT e.member_id FROM told AS e))
    RETURNING t.event_id, d.member_id, t.type, t.payload
)
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload)
SELECT d.event_id, 'notifications.v1', d.member_id, d.type, d.payload
FROM dead AS d;

-- name: put_off
-- Try deliveries again after some seconds, unless another sender has begun anew.
UPDATE notify.delivery AS d
SET due_at = clock_timestamp() + make_interval(secs => t.seconds), problem = t.problem
FROM json_to_recordset($2::json) AS t (
    member_id text, cause text, attempts integer, seconds double precision, problem text
)
WHERE d.member_id = t.member_id AND d.cause = t.cause AND d.channel = $1
    AND d.attempts = t.attempts AND d.dead_at IS NULL
    AND d.member_id = ANY (
        ARRAY(SELECT e.member_id FROM json_to_recordset($2::json) AS e (member_id text))
    );

-- name: backlog
-- What waits for a channel, counted up to a limit, since when the oldest is due, and what is dead.
SELECT
    (
        SELECT count(*) FROM (
            SELECT 1 FROM notify.delivery AS d
            WHERE d.channel = $1 AND d.dead_at IS NULL
            LIMIT $2
        ) AS waiting
    ) AS waiting,
    coalesce((
        SELECT extract(epoch FROM clock_timestamp() - m.created_at)
        FROM (
            SELECT d.member_id, d.cause FROM notify.delivery AS d
            WHERE d.channel = $1 AND d.dead_at IS NULL
            ORDER BY d.due_at
            LIMIT 1
        ) AS first
        CROSS JOIN LATERAL (
            SELECT f.created_at FROM notify.message AS f
            WHERE f.member_id = first.member_id AND f.cause = first.cause
            OFFSET 0
        ) AS m
    ), 0)::double precision AS oldest_seconds,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM notify.delivery AS d
            WHERE d.channel = $1 AND d.dead_at IS NOT NULL
            LIMIT $2
        ) AS dead
    ) AS dead;
