-- name: move_offsets
-- Move the offsets of a batch by compare-and-set; answers with those that stood as expected.
WITH told AS MATERIALIZED (
    SELECT t.topic, t.partition, t.expected, t.next_offset
    FROM unnest($3::text[], $4::integer[], $5::bigint[], $6::bigint[])
        AS t (topic, partition, expected, next_offset)
), locked AS MATERIALIZED (
    SELECT o.topic, o.partition
    FROM messaging.consumer_offset AS o
    JOIN told AS t ON t.topic = o.topic AND t.partition = o.partition
    WHERE o.group_name = $1 AND o.topic = ANY ($3::text[]) AND o.cluster_id = $2
    ORDER BY o.topic, o.partition
    FOR UPDATE OF o
)
UPDATE messaging.consumer_offset AS o SET next_offset = t.next_offset
FROM told AS t
JOIN locked AS l ON l.topic = t.topic AND l.partition = t.partition
WHERE o.group_name = $1 AND o.topic = t.topic AND o.partition = t.partition
    AND o.next_offset = t.expected
RETURNING 1;

-- name: look
-- Read what a batch goes by that others may have changed: the brake, and whether the newest
-- revision is the one known ($2, in force from $3). After a restore its number may be another's.
SELECT
    coalesce(
        (SELECT b.tripped_at > b.released_at FROM messaging.brake AS b WHERE b.group_name = $1),
        false
    ) AS braked,
    coalesce(
        (
            SELECT r.revision = $2::integer AND r.effective_at = $3::timestamptz
            FROM program.revision AS r
            ORDER BY r.revision DESC
            LIMIT 1
        ),
        false
    ) AS program_is_known;

-- name: read_offsets
-- The offsets a group stored for the given partitions.
SELECT o.topic, o.partition, o.cluster_id, o.next_offset
FROM messaging.consumer_offset AS o
JOIN unnest($2::text[], $3::integer[]) AS t (topic, partition)
    ON t.topic = o.topic AND t.partition = o.partition
WHERE o.group_name = $1;

-- name: begin_offsets
-- Set where a group begins in a partition it has not read yet, or whose cluster is another one.
INSERT INTO messaging.consumer_offset (group_name, topic, partition, cluster_id, next_offset)
SELECT $1, t.topic, t.partition, $4, t.next_offset
FROM unnest($2::text[], $3::integer[], $5::bigint[]) AS t (topic, partition, next_offset)
ORDER BY t.topic, t.partition
ON CONFLICT (group_name, topic, partition) DO UPDATE
    SET cluster_id = excluded.cluster_id, next_offset = excluded.next_offset;

-- name: find_parked
-- What waits for the given causes, oldest first.
SELECT
    p.id, p.awaits, p.topic, p.partition, p.record_offset, p.record_timestamp_ms,
    p.key, p.value, p.headers
FROM messaging.parked AS p
WHERE p.group_name = $1 AND p.awaits = ANY (string_to_array($2::text, E'\n'))
ORDER BY p.id;

-- name: park
-- Keep events that came too early; one told again while it waits is kept once.
INSERT INTO messaging.parked (
    group_name, awaits, member_id, cause, fingerprint, topic, partition, record_offset,
    record_timestamp_ms, key, value, headers
)
SELECT
    $1, p.awaits, p.member_id, p.cause, p.fingerprint, p.topic, p.partition, p.record_offset,
    p.record_timestamp_ms, p.key, p.value, p.headers
FROM json_to_recordset($2::json) AS p (
    awaits text, member_id text, cause text, fingerprint bytea, topic text, partition integer,
    record_offset bigint, record_timestamp_ms bigint, key bytea, value bytea, headers json
)
ON CONFLICT (group_name, member_id, cause, fingerprint) DO NOTHING;

-- name: unpark
-- Forget parked events that were applied, released or refused.
DELETE FROM messaging.parked WHERE id = ANY ($1::bigint[]);

-- name: abandon_parked
-- Mark what waited too long, and tell once; it is still applied if what it needs comes.
WITH old AS (
    SELECT p.id FROM messaging.parked AS p
    WHERE p.abandoned_at IS NULL AND p.group_name = $1
        AND p.parked_at < clock_timestamp() - $2::interval
    ORDER BY p.id
    LIMIT 500
    FOR UPDATE SKIP LOCKED
), abandoned AS (
    UPDATE messaging.parked AS p SET abandoned_at = clock_timestamp()
    FROM old WHERE p.id = old.id
    RETURNING p.*
)
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload)
SELECT
    'parked/' || a.id, 'parking.v1', a.member_id, 'event.abandoned.v1',
    json_build_object(
        'group', a.group_name, 'awaits', a.awaits, 'member_id', a.member_id, 'topic', a.topic,
        'partition', a.partition, 'offset', a.record_offset,
        'parked_at', to_char(a.parked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )::text
FROM abandoned AS a
RETURNING 1;

-- name: bury
-- Keep dead letters with their original bytes, once each, and announce the new ones.
WITH buried AS (
    INSERT INTO messaging.dead_letter (
        group_name, topic, partition, record_offset, record_timestamp_ms, reason, detail, key,
        value, headers, member_id, cause, isolated
    )
    SELECT
        $1, d.topic, d.partition, d.record_offset, d.record_timestamp_ms, d.reason, d.detail,
        d.key, d.value, d.headers, d.member_id, d.cause, d.isolated
    FROM json_to_recordset($2::json) AS d (
        topic text, partition integer, record_offset bigint, record_timestamp_ms bigint,
        reason text, detail text, key bytea, value bytea, headers json, member_id text,
        cause text, isolated boolean
    )
    ON CONFLICT (group_name, topic, partition, record_offset, record_timestamp_ms) DO NOTHING
    RETURNING id, topic, group_name, member_id
)
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, dead_letter_id)
SELECT
    'dead-letter/' || b.id, b.topic || '.' || b.group_name || '.dlq', coalesce(b.member_id, ''),
    'dead-letter', b.id
FROM buried AS b
ORDER BY b.id;

-- name: send
-- Append follow-up commands to the outbox, in order.
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload, headers)
SELECT o.event_id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.headers
FROM ROWS FROM (json_to_recordset($1::json) AS (
    event_id text, aggregatetype text, aggregateid text, type text, payload text, headers json
)) WITH ORDINALITY AS o (event_id, aggregatetype, aggregateid, type, payload, headers, ord)
ORDER BY o.ord;

-- name: count_isolated
-- How many records were isolated in the last minute, and in all, since the last release.
SELECT
    count(*) FILTER (WHERE d.at > clock_timestamp() - interval '1 minute') AS last_minute,
    count(*) AS since_release
FROM messaging.dead_letter AS d
WHERE d.group_name = $1 AND d.isolated
    AND d.at > coalesce(
        (SELECT b.released_at FROM messaging.brake AS b WHERE b.group_name = $1), '-infinity'
    );

-- name: trip_brake
-- Stop the consumption of a group until somebody releases the brake.
INSERT INTO messaging.brake (group_name, tripped_at, detail, released_at)
VALUES ($1, clock_timestamp(), $2, '-infinity')
ON CONFLICT (group_name) DO UPDATE
    SET tripped_at = excluded.tripped_at, detail = excluded.detail;

-- name: show_brake
-- The brake of a group, or of all groups where none is named.
SELECT
    b.group_name, b.tripped_at, b.detail, b.released_at, b.released_by,
    coalesce(b.tripped_at > b.released_at, false) AS engaged
FROM messaging.brake AS b
WHERE $1::text IS NULL OR b.group_name = $1
ORDER BY b.group_name;

-- name: release_brake
-- Let a group consume again; answers with how many brakes were engaged.
UPDATE messaging.brake SET released_at = clock_timestamp(), released_by = $2
WHERE group_name = $1 AND tripped_at > released_at
RETURNING group_name;

-- name: backlog
-- What an operator should know of a group: what is parked, and for how long.
SELECT
    count(*) FILTER (WHERE p.abandoned_at IS NULL) AS parked,
    count(p.abandoned_at) AS abandoned,
    coalesce(
        extract(
            epoch FROM clock_timestamp() - min(p.parked_at) FILTER (WHERE p.abandoned_at IS NULL)
        ), 0
    )::double precision AS oldest_seconds
FROM messaging.parked AS p
WHERE p.group_name = $1;

-- name: unresolved
-- Dead letters of a group that nobody has replayed or dismissed yet, by topic.
SELECT d.topic, count(*) AS unresolved
FROM messaging.dead_letter AS d
WHERE d.group_name = $1 AND d.replayed_at IS NULL AND d.dismissed_at IS NULL
GROUP BY d.topic;
