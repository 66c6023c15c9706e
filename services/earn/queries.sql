-- name: lock_orders
-- Insert or lock the claims of orders; the first member an order is told for owns it. Returns those
-- that were somebody's already.
WITH claimed AS (
    INSERT INTO earn.order_claim AS c (order_id, member_id, currency, lines)
    SELECT t.order_id, t.member_id, t.currency, t.lines::json
    FROM unnest(
        string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n', ''),
        string_to_array($3::text, E'\n', ''), string_to_array($4::text, E'\n', '')
    ) AS t (order_id, member_id, currency, lines)
    ORDER BY t.order_id COLLATE "C"
    ON CONFLICT (order_id) DO UPDATE SET
        member_id = coalesce(c.member_id, excluded.member_id),
        currency = coalesce(c.currency, excluded.currency),
        lines = coalesce(c.lines, excluded.lines)
    RETURNING new.order_id, new.refunded, old.member_id
)
SELECT d.order_id, d.member_id, d.refunded FROM claimed AS d WHERE d.member_id IS NOT NULL;

-- name: load_awards
-- What refunded orders of the locked members were awarded, by the entry that awarded it.
SELECT c.order_id, c.currency, c.lines, c.taken_back, e.points, e.revision, e.occurred_at
FROM unnest(string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n'))
    AS t (member_id, order_id)
CROSS JOIN LATERAL (
    SELECT o.* FROM earn.order_claim AS o WHERE o.order_id = t.order_id
    OFFSET 0
) AS c
CROSS JOIN LATERAL (
    SELECT f.* FROM ledger.entry AS f
    WHERE f.member_id = t.member_id AND f.cause = 'order/' || t.order_id || '/paid'
    OFFSET 0
) AS e
WHERE c.member_id = t.member_id AND e.member_id = ANY (string_to_array($1::text, E'\n'));

-- name: load_friends
-- Which of the friends paid a sharer already, and which sharers the orders paid.
SELECT f.friend_id, f.member_id, f.order_id, f.points, f.expires_on
FROM earn.friend_claim AS f
WHERE f.friend_id = ANY (string_to_array($1::text, E'\n'))
    OR f.order_id = ANY (string_to_array($2::text, E'\n'));

-- name: load_days
-- Each member's check-ins from a day on, and the nearest one before it.
SELECT c.member_id, c.day, c.run, c.count, c.points, c.revision, c.corrections
FROM unnest(string_to_array($1::text, E'\n'), string_to_array($2::text, E'\n')::date[])
    AS t (member_id, since)
CROSS JOIN LATERAL (
    SELECT d.* FROM earn.check_in AS d
    WHERE d.member_id = t.member_id AND d.day >= coalesce(
        (
            SELECT max(b.day) FROM earn.check_in AS b
            WHERE b.member_id = t.member_id AND b.day < t.since
        ),
        t.since
    )
) AS c
ORDER BY c.member_id, c.day;

-- name: keep_awards
-- Write what refunds left of orders; their claims are locked.
UPDATE earn.order_claim AS c SET
    lines = t.lines, taken_back = t.taken_back, refunded = c.refunded OR t.refunded
FROM json_to_recordset($1::json) AS t (
    order_id text, lines json, taken_back bigint, refunded boolean
)
WHERE c.order_id = t.order_id;

-- name: keep_days
-- Write the days that check-ins added or moved.
INSERT INTO earn.check_in AS c (
    member_id, day, run, count, points, revision, corrections
)
SELECT t.member_id, t.day, t.run, t.count, t.points, t.revision, t.corrections
FROM json_to_recordset($1::json) AS t (
    member_id text, day date, run integer, count integer, points bigint, revision integer,
    corrections integer
)
ON CONFLICT (member_id, day) DO UPDATE SET
    run = excluded.run, count = excluded.count, points = excluded.points,
    corrections = excluded.corrections;

-- name: keep_friends
-- Note which sharer a friend's first order paid; a friend that is taken is left as it is.
INSERT INTO earn.friend_claim (friend_id, member_id, order_id, points, expires_on)
SELECT t.friend_id, t.member_id, t.order_id, t.points, t.expires_on
FROM json_to_recordset($1::json) AS t (
    friend_id text, member_id text, order_id text, points bigint, expires_on date
)
ORDER BY t.friend_id COLLATE "C"
ON CONFLICT (friend_id) DO NOTHING
RETURNING 1;
