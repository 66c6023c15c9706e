-- name: clock
-- Reads the database's clock, which stamps entries.
SELECT clock_timestamp();

-- name: offsets
-- Reads how far a group has applied its input.
SELECT topic, partition, next_offset
FROM messaging.consumer_offset
WHERE group_name = $1;

-- name: brake
-- Reads why a group's consumption is stopped, where it is.
SELECT detail
FROM messaging.brake
WHERE group_name = $1 AND tripped_at > released_at;

-- name: outcomes
-- Sums what causes have left in the ledger, and tells what was there before an instant.
SELECT
    e.kind,
    count(*) AS entries,
    count(*) FILTER (WHERE e.posted_at < $3) AS before,
    sum(e.points)::bigint AS points,
    coalesce(sum((e.reason::jsonb ->> 'covered_by_expiry')::bigint), 0)::bigint AS covered,
    coalesce(sum((e.reason::jsonb ->> 'forgiven')::bigint), 0)::bigint AS forgiven
FROM unnest($1::text[], $2::text[]) AS told (member_id, cause)
CROSS JOIN LATERAL (
    -- The limit keeps this a look into the index of causes, one by one.
    SELECT r.kind, r.posted_at, r.points, r.reason
    FROM read.entry_v1 AS r
    WHERE r.member_id = told.member_id AND r.cause = told.cause
    LIMIT 1
) AS e
GROUP BY e.kind;

-- name: refusals
-- Counts dead letters of causes since an instant, by reason.
SELECT d.reason, count(*) AS letters
FROM unnest($1::text[], $2::text[]) AS told (member_id, cause)
JOIN messaging.dead_letter AS d ON d.cause = told.cause AND d.member_id = told.member_id
WHERE d.at >= $3 AND d.group_name = $4
GROUP BY d.reason;

-- name: parked
-- Counts events of causes that wait for another.
SELECT count(*)
FROM unnest($1::text[], $2::text[]) AS told (member_id, cause)
JOIN messaging.parked AS p ON p.member_id = told.member_id AND p.cause = told.cause
WHERE p.group_name = $3;

-- name: standing
-- Sums up members' accounts three ways, counts those where the ways differ, and hashes the heads.
SELECT
    count(*) AS members,
    coalesce(sum(a.seq), 0)::bigint AS entries,
    coalesce(sum(a.balance), 0)::bigint AS balance,
    coalesce(sum(e.points), 0)::bigint AS entry_points,
    coalesce(sum(l.points), 0)::bigint AS lot_points,
    coalesce(sum(greatest(-a.balance, 0)), 0)::bigint AS debt,
    count(*) FILTER (
        WHERE a.balance <> e.points OR a.balance <> l.points - greatest(-a.balance, 0)
    ) AS wrong,
    encode(sha256(string_agg(a.head_hash, ''::bytea ORDER BY a.member_id)), 'hex') AS heads
FROM ledger.account AS a
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.points), 0)::bigint AS points
    FROM read.entry_v1 AS r WHERE r.member_id = a.member_id
) AS e
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.points), 0)::bigint AS points
    FROM read.lot_v1 AS r WHERE r.member_id = a.member_id
) AS l
WHERE a.member_id = ANY ($1::text[]);
