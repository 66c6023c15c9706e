-- name: begin_round
-- Begin a round unless one is going on, or the last one ended less than so many seconds ago.
INSERT INTO audit.round (began_at)
SELECT clock_timestamp()
WHERE NOT EXISTS (
    SELECT FROM audit.round AS r
    WHERE r.finished_at IS NULL
        OR r.finished_at > clock_timestamp() - make_interval(secs => $1::double precision)
);

-- name: open_round
-- The round that is going on, and how far it is.
SELECT r.round_id, r.after_member FROM audit.round AS r WHERE r.finished_at IS NULL;

-- name: advance
-- Move a round on from where it was found; it is through where nobody is left.
UPDATE audit.round AS r
SET after_member = $3, members = r.members + $4, entries = r.entries + $5,
    -- A row that somebody tampered with may hold any number, and must not stop the round.
    liability_points = least(r.liability_points::numeric + $6::bigint, 9223372036854775807),
    debt_points = least(r.debt_points::numeric + $7::bigint, 9223372036854775807),
    skipped = r.skipped + $8,
    finished_at = CASE WHEN $9::boolean THEN clock_timestamp() END
WHERE r.round_id = $1 AND r.after_member = $2
RETURNING r.members, r.entries, r.skipped;

-- name: forget_rounds
-- Keep so many rounds.
DELETE FROM audit.round AS r WHERE r.round_id <= $1::bigint - $2::bigint;

-- name: keep_wrong
-- Keep who is wrong of the members after $1 up to $2, and no one else of these; tell what is new.
WITH told AS (
    SELECT t.* FROM json_to_recordset($3::json) AS t (
        member_id text, checks text[], member_balance bigint, lot_remaining bigint,
        double_entry bigint, problem text
    )
), mended AS (
    DELETE FROM audit.wrong AS w
    WHERE w.member_id > $1 AND w.member_id <= $2
        AND NOT EXISTS (SELECT FROM told AS t WHERE t.member_id = w.member_id)
)
INSERT INTO audit.wrong AS w (
    member_id, checks, member_balance, lot_remaining, double_entry, problem
)
SELECT t.member_id, t.checks, t.member_balance, t.lot_remaining, t.double_entry, t.problem
FROM told AS t
WHERE (SELECT count(*) FROM audit.wrong) < $4::bigint
    OR EXISTS (SELECT FROM audit.wrong AS k WHERE k.member_id = t.member_id)
ORDER BY t.member_id
ON CONFLICT (member_id) DO UPDATE
SET checks = excluded.checks, member_balance = excluded.member_balance,
    lot_remaining = excluded.lot_remaining, double_entry = excluded.double_entry,
    problem = excluded.problem, looked_at = clock_timestamp()
RETURNING new.member_id, new.problem, old.member_id IS NULL AS is_new,
    'chain' = ANY (new.checks) AND NOT coalesce('chain' = ANY (old.checks), false)
        AS chain_broke;

-- name: wrong_members
-- Who was wrong when last looked at, those first that were looked at longest ago.
SELECT w.member_id FROM audit.wrong AS w ORDER BY w.looked_at, w.member_id LIMIT $1;

-- name: wrong_sums
-- By how much the ledger contradicts itself, and of how many members, by check.
SELECT s.check_name, coalesce(sum(s.points), 0)::bigint AS points, count(s.member_id) AS members
FROM (
    SELECT c.check_name, w.member_id, c.points
    FROM audit.wrong AS w
    CROSS JOIN LATERAL (
        VALUES
            ('member_balance', w.member_balance),
            ('lot_remaining', w.lot_remaining),
            ('double_entry', w.double_entry),
            ('chain', 0)
    ) AS c (check_name, points)
    WHERE c.check_name = ANY (w.checks)
) AS s
GROUP BY s.check_name;

-- name: last_round
-- The last round that went through all members.
SELECT
    extract(epoch FROM r.finished_at)::double precision AS finished_at,
    r.entries, r.skipped, r.liability_points, r.debt_points
FROM audit.round AS r
WHERE r.finished_at IS NOT NULL
ORDER BY r.round_id DESC
LIMIT 1;

-- name: outbox
-- Of the oldest so many rows that wait, those that tell another entry than the ledger has.
SELECT
    coalesce(sum(abs(o.told - o.points)), 0)::bigint AS points,
    count(DISTINCT o.member_id) AS members,
    extract(epoch FROM clock_timestamp())::double precision AS at
FROM (
    SELECT
        b.member_id,
        coalesce(e.points, 0) AS points,
        CASE WHEN b.is_json THEN coalesce((b.payload::json ->> 'points')::bigint, 0) ELSE 0 END
            AS told,
        e.seq IS NULL OR b.type <> 'points.' || e.kind || '.v1' OR NOT b.is_json AS is_other
    FROM (
        SELECT
            split_part(w.event_id, '/', 1) AS member_id,
            split_part(w.event_id, '/', 2)::bigint AS seq,
            w.type, w.payload, pg_input_is_valid(w.payload, 'json') AS is_json
        FROM messaging.outbox AS w
        WHERE w.aggregatetype = 'points.v1'
        ORDER BY w.id
        LIMIT $1
    ) AS b
    LEFT JOIN ledger.entry AS e ON e.member_id = b.member_id AND e.seq = b.seq
) AS o
WHERE o.is_other OR o.told <> o.points;
