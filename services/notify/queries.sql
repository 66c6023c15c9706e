-- name: load_told
-- Which causes (pairwise with members) were told already, each looked up in its index.
SELECT m.member_id, m.cause
FROM unnest(string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'))
    AS k (member_id, cause)
CROSS JOIN LATERAL (
    SELECT f.member_id, f.cause FROM notify.message AS f
    WHERE f.member_id = k.member_id AND f.cause = k.cause
    OFFSET 0
) AS m
WHERE m.member_id = ANY (string_to_array($1::text, E'\n'));

-- name: lock_redemptions
-- Insert or lock the rows of redemptions (pairwise with members) in the order of their keys.
INSERT INTO notify.redemption AS r (member_id, redemption_id, version)
SELECT DISTINCT k.member_id COLLATE "C" AS member_id, k.redemption_id COLLATE "C" AS redemption_id, 0
FROM unnest(string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'))
    AS k (member_id, redemption_id)
ORDER BY 1, 2
ON CONFLICT (member_id, redemption_id) DO UPDATE SET version = r.version WHERE false;

-- name: load_versions
-- The newest version seen of redemptions; after the locks.
SELECT r.member_id, r.redemption_id, r.version
FROM unnest(string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'))
    AS k (member_id, redemption_id)
CROSS JOIN LATERAL (
    SELECT f.member_id, f.redemption_id, f.version FROM notify.redemption AS f
    WHERE f.member_id = k.member_id AND f.redemption_id = k.redemption_id
    OFFSET 0
) AS r
WHERE r.member_id = ANY (string_to_array($1::text, E'\n'));

-- name: load_titles
-- What rewards are called.
SELECT r.reward_id, r.title
FROM read.reward_title_v1 AS r
WHERE r.reward_id = ANY (string_to_array($1::text, E'\n'));

-- name: keep_versions
-- Write the newest versions seen; the rows are locked.
UPDATE notify.redemption AS r SET version = t.version
FROM unnest(string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'), $3::bigint[])
    AS t (member_id, redemption_id, version)
WHERE r.member_id = t.member_id AND r.redemption_id = t.redemption_id
    AND r.member_id = ANY (string_to_array($1::text, E'\n'));

-- name: keep_messages
-- Write messages, numbered as they were decided, in the order of their keys; what is there stays.
WITH told AS MATERIALIZED (
    SELECT o.member_id, o.cause, nextval('notify.message_id') AS id, o.template, o.data, o.created_at
    FROM (
        SELECT t.*
        FROM ROWS FROM (json_to_recordset($1::json) AS (
            member_id text, cause text, template text, data json, created_at timestamptz
        )) WITH ORDINALITY AS t (member_id, cause, template, data, created_at, ord)
        ORDER BY t.ord
        OFFSET 0
    ) AS o
)
INSERT INTO notify.message (member_id, cause, id, template, data, created_at)
SELECT t.member_id, t.cause, t.id, t.template, t.data, t.created_at
FROM told AS t
ORDER BY t.member_id COLLATE "C", t.cause COLLATE "C"
ON CONFLICT (member_id, cause) DO NOTHING
RETURNING 1;

-- name: mark_read
-- Mark a member's message as read, unless it is already; say whether there is such a message.
WITH marked AS (
    UPDATE notify.message AS m SET read_at = statement_timestamp()
    WHERE m.member_id = $1 AND m.id = $2 AND m.read_at IS NULL
)
SELECT EXISTS (SELECT FROM notify.message AS m WHERE m.member_id = $1 AND m.id = $2);

-- name: mark_read_up_to
-- Mark a member's messages up to a number as read, those that are not.
UPDATE notify.message AS m SET read_at = statement_timestamp()
WHERE m.member_id = $1 AND m.id <= $2 AND m.read_at IS NULL;

-- name: announce
-- Append what became of messages to the outbox, in order.
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload, headers)
SELECT o.event_id, 'notifications.v1', o.aggregateid, o.type, o.payload, o.headers
FROM ROWS FROM (json_to_recordset($1::json) AS (
    event_id text, aggregateid text, type text, payload text, headers json
)) WITH ORDINALITY AS o (event_id, aggregateid, type, payload, headers, ord)
ORDER BY o.ord;

-- name: enqueue
-- Give messages (members pairwise with causes) to a channel outside, due at once.
INSERT INTO notify.delivery (member_id, cause, channel, due_at)
SELECT t.member_id, t.cause, $3, clock_timestamp()
FROM unnest(string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'))
    AS t (member_id, cause);
