-- name: ping
-- Keeps the session from counting as idle, and fails when it is gone.
SELECT 1;

-- name: page
-- Reads the oldest waiting rows above a floor under which none can be (0 when unsure).
SELECT id, event_id, aggregatetype, aggregateid, type, payload, headers, dead_letter_id, created_at
FROM messaging.outbox
WHERE id > $1
ORDER BY id
LIMIT $2;

-- name: delete
-- Removes what Kafka has acknowledged.
DELETE FROM messaging.outbox WHERE id = ANY($1::bigint[]);

-- name: dead_letters
-- Reads dead letters to publish; of those that are too large only the coordinates.
SELECT
    d.id,
    d.group_name,
    d.topic,
    d.partition,
    d.record_offset,
    d.reason,
    d.at,
    size.bytes > $2 AS too_large,
    CASE WHEN size.bytes <= $2 THEN d.key END AS key,
    CASE WHEN size.bytes <= $2 THEN d.value END AS value,
    CASE WHEN size.bytes <= $2 THEN d.headers ELSE '[]' END AS headers
FROM messaging.dead_letter AS d,
    LATERAL (
        SELECT coalesce(octet_length(d.key), 0)
            + coalesce(octet_length(d.value), 0)
            + octet_length(d.headers::text) AS bytes
    ) AS size
WHERE d.id = ANY($1::bigint[]);

-- name: set_aside
-- Moves a row that Kafka will never take from the outbox to the dead letters.
WITH gone AS (
    DELETE FROM messaging.outbox WHERE id = $1
    RETURNING id, aggregatetype, aggregateid, payload, created_at
)
INSERT INTO messaging.dead_letter (
    group_name, topic, partition, record_offset, record_timestamp_ms,
    reason, detail, key, value, headers, member_id
)
SELECT
    $2, gone.aggregatetype, -1, gone.id, (extract(EPOCH FROM gone.created_at) * 1000)::bigint,
    'unpublishable', $3, convert_to(gone.aggregateid, 'UTF8'), convert_to(gone.payload, 'UTF8'),
    $4::json, gone.aggregateid
FROM gone
ON CONFLICT (group_name, topic, partition, record_offset, record_timestamp_ms) DO NOTHING;

-- name: snapshot
-- Tells which transactions have ended: all below the first number; none began from the second on.
SELECT
    pg_snapshot_xmin(now.snapshot)::text::bigint AS oldest_running,
    pg_snapshot_xmax(now.snapshot)::text::bigint AS next
FROM (SELECT pg_current_snapshot() AS snapshot) AS now;

-- name: backlog
-- Counts what waits, up to a limit, and the age of the oldest.
SELECT
    (SELECT count(*) FROM (SELECT 1 FROM messaging.outbox LIMIT $1) AS waiting) AS waiting_rows,
    coalesce(
        extract(EPOCH FROM clock_timestamp() - (
            SELECT created_at FROM messaging.outbox ORDER BY id LIMIT 1
        )),
        0
    )::float8 AS oldest_seconds;
