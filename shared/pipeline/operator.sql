-- name: list_dead_letters
-- Dead letters, newest first; those replayed or dismissed only where asked for.
SELECT
    d.id, d.group_name, d.topic, d.partition, d.record_offset, d.reason, d.detail, d.member_id,
    d.cause, d.isolated, d.at, d.replayed_at, d.dismissed_at, d.dismissed_by
FROM messaging.dead_letter AS d
WHERE ($1::text IS NULL OR d.group_name = $1)
    AND ($2::text IS NULL OR d.topic = $2)
    AND ($3::text IS NULL OR d.reason = $3)
    AND ($4::boolean OR (d.replayed_at IS NULL AND d.dismissed_at IS NULL))
ORDER BY d.id DESC
LIMIT $5;

-- name: count_dead_letters
-- How many dead letters there are of each reason, of the same choice as the list.
SELECT d.reason, count(*) AS letters
FROM messaging.dead_letter AS d
WHERE ($1::text IS NULL OR d.group_name = $1)
    AND ($2::text IS NULL OR d.topic = $2)
    AND ($3::text IS NULL OR d.reason = $3)
    AND ($4::boolean OR (d.replayed_at IS NULL AND d.dismissed_at IS NULL))
GROUP BY d.reason
ORDER BY letters DESC, d.reason;

-- name: read_dead_letters
-- Dead letters by id, whole.
SELECT
    d.id, d.group_name, d.topic, d.partition, d.record_offset, d.record_timestamp_ms, d.reason,
    d.detail, d.key, d.value, d.headers, d.member_id, d.cause, d.isolated, d.at, d.replayed_at,
    d.dismissed_at, d.dismissed_by
FROM messaging.dead_letter AS d
WHERE d.id = ANY ($1::bigint[])
ORDER BY d.id;

-- name: find_open
-- The ids of dead letters to tell again, oldest first; bytes that nobody could read are left out.
SELECT d.id
FROM messaging.dead_letter AS d
WHERE d.id > $1
    AND d.id <= $2
    AND d.replayed_at IS NULL
    AND d.dismissed_at IS NULL
    AND ($3::text IS NULL OR d.group_name = $3)
    AND ($4::text IS NULL OR d.topic = $4)
    AND ($5::text IS NULL OR d.reason = $5)
    AND (d.reason <> 'unreadable-record' OR d.value IS NOT NULL)
ORDER BY d.id
LIMIT $6;

-- name: newest_dead_letter
-- The id up to which dead letters are there; those a replay brings have higher ones.
SELECT coalesce(max(d.id), 0) FROM messaging.dead_letter AS d;

-- name: mark_replayed
-- Note that the broker has these again.
UPDATE messaging.dead_letter SET replayed_at = clock_timestamp() WHERE id = ANY ($1::bigint[]);

-- name: dismiss
-- Note who decided that these shall not be told again; answers with those that were open.
UPDATE messaging.dead_letter SET dismissed_at = clock_timestamp(), dismissed_by = $2
WHERE id = ANY ($1::bigint[]) AND replayed_at IS NULL AND dismissed_at IS NULL
RETURNING id;

-- name: find_entry
-- The entry that a member has for a cause.
SELECT
    e.member_id, e.seq, e.cause, e.kind, e.points, e.balance, e.reason, e.revision, e.occurred_at,
    e.posted_at
FROM ledger.entry AS e
WHERE e.member_id = $1 AND e.cause = $2;

-- name: list_parked
-- Parked events, oldest first: those that still wait, or those that were given up on.
SELECT
    p.id, p.group_name, p.awaits, p.member_id, p.cause, p.topic, p.partition, p.record_offset,
    p.parked_at, p.abandoned_at
FROM messaging.parked AS p
WHERE ($1::text IS NULL OR p.group_name = $1) AND (p.abandoned_at IS NOT NULL) = $2::boolean
ORDER BY p.id
LIMIT $3;

-- name: show_brakes
-- Every brake that was ever tripped, with how many open dead letters were isolated by halving.
SELECT
    b.group_name AS group,
    coalesce(b.tripped_at > b.released_at, false) AS engaged,
    b.tripped_at,
    b.detail,
    nullif(b.released_at, '-infinity') AS released_at,
    b.released_by,
    (
        SELECT count(*) FROM messaging.dead_letter AS d
        WHERE d.group_name = b.group_name AND d.isolated
            AND d.replayed_at IS NULL AND d.dismissed_at IS NULL
    ) AS isolated_open
FROM messaging.brake AS b
ORDER BY b.group_name;

-- name: order_owner
-- The member an order belongs to.
SELECT o.member_id FROM read.order_v1 AS o WHERE o.order_id = $1;

-- name: order_entries
-- The entries an order brought its member, and those it brought whoever shared.
WITH own AS (
    SELECT e.* FROM ledger.entry AS e
    WHERE e.member_id = $2::text
        AND e.cause >= 'order/' || $1::text || '/' AND e.cause < 'order/' || $1::text || '0'
), shared AS (
    SELECT e.* FROM ledger.entry AS e
    WHERE e.cause LIKE 'share/order/%'
        AND e.cause IN ('share/order/' || $1::text, 'share/order/' || $1::text || '/reversed')
)
SELECT
    e.member_id, e.seq, e.cause, e.kind, e.points, e.balance, e.reason, e.revision, e.occurred_at,
    e.posted_at
FROM (SELECT own.* FROM own UNION ALL SELECT shared.* FROM shared) AS e
ORDER BY e.posted_at, e.cause LIKE 'share/%', e.member_id, e.seq;

-- name: order_parked
-- What of an order waits, and for what.
SELECT
    p.id, p.group_name, p.awaits, p.member_id, p.cause, p.topic, p.partition, p.record_offset,
    p.parked_at, p.abandoned_at
FROM messaging.parked AS p
WHERE (p.cause >= 'order/' || $1::text || '/' AND p.cause < 'order/' || $1::text || '0')
    OR p.cause IN ('share/order/' || $1::text, 'share/order/' || $1::text || '/reversed')
ORDER BY p.id;

-- name: order_dead_letters
-- Dead letters of an order; among the newest that could not be decoded, those that spell its id.
WITH undecoded AS (
    SELECT d.id, d.value FROM messaging.dead_letter AS d
    WHERE d.cause IS NULL
    ORDER BY d.id DESC
    LIMIT 10000
)
SELECT
    d.id, d.group_name, d.topic, d.partition, d.record_offset, d.reason, d.detail, d.member_id,
    d.cause, d.isolated, d.at, d.replayed_at, d.dismissed_at, d.dismissed_by
FROM messaging.dead_letter AS d
WHERE (d.cause >= 'order/' || $1::text || '/' AND d.cause < 'order/' || $1::text || '0')
    OR d.cause IN ('share/order/' || $1::text, 'share/order/' || $1::text || '/reversed')
    OR d.id IN (
        SELECT u.id FROM undecoded AS u
        WHERE position(convert_to('"' || $1::text || '"', 'UTF8') IN u.value) > 0
    )
ORDER BY d.id;

-- name: read_program
-- A revision as it was applied; the one in force now where none is named.
SELECT
    r.revision, nullif(r.effective_at, '-infinity') AS effective_at, r.document, r.applied_by,
    r.applied_at, (SELECT max(n.revision) FROM program.revision AS n) AS newest
FROM program.revision AS r
WHERE r.revision = $1 OR ($1::integer IS NULL AND r.effective_at <= clock_timestamp())
ORDER BY r.revision DESC
LIMIT 1;

-- name: read_epoch
-- Which life of the ledger this is.
SELECT p.epoch FROM ledger.epoch AS p;

-- name: raise_epoch
-- Sequence numbers are used again from here on.
UPDATE ledger.epoch SET epoch = epoch + 1 RETURNING epoch;
