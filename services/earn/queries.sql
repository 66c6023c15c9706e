-- name: lock_orders
-- Insert or lock the claims of orders; the first member an order is told for owns it.
INSERT INTO earn.order_claim AS c (order_id, member_id)
SELECT t.order_id, t.member_id
FROM unnest($1::text[], $2::text[]) AS t (order_id, member_id)
ORDER BY t.order_id COLLATE "C"
ON CONFLICT (order_id) DO UPDATE SET member_id = coalesce(c.member_id, excluded.member_id)
RETURNING new.order_id, new.member_id, new.refunded, old.member_id IS NOT NULL AS settled;

-- name: load_awards
-- What refunded orders of the locked members were awarded.
SELECT a.order_id, a.currency, a.revision, a.awarded, a.taken_back, a.expires_on, a.lines
FROM earn.award AS a
WHERE a.member_id = ANY ($1::text[]) AND a.order_id = ANY ($2::text[]);

-- name: load_friends
-- Which of the friends paid a sharer already, and which sharers the orders paid.
SELECT f.friend_id, f.member_id, f.order_id, f.points, f.expires_on
FROM earn.friend_claim AS f
WHERE f.friend_id = ANY ($1::text[]) OR f.order_id = ANY ($2::text[]);

-- name: load_days
-- Each member's check-ins from a day on, and the nearest one before it.
SELECT c.member_id, c.day, c.run, c.count, c.points, c.revision, c.corrections
FROM unnest($1::text[], $2::date[]) AS t (member_id, since)
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
-- Write awards as refunds left them, and new ones.
INSERT INTO earn.award AS a (
    member_id, order_id, currency, revision, awarded, taken_back, expires_on, lines
)
SELECT
    t.member_id, t.order_id, t.currency, t.revision, t.awarded, t.taken_back, t.expires_on, t.lines
FROM json_to_recordset($1::json) AS t (
    member_id text, order_id text, currency text, revision integer, awarded bigint,
    taken_back bigint, expires_on date, lines json
)
ON CONFLICT (member_id, order_id) DO UPDATE
    SET taken_back = excluded.taken_back, lines = excluded.lines;

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

-- name: close_orders
-- Mark orders of which nothing is left; their claims are locked.
UPDATE earn.order_claim SET refunded = true WHERE order_id = ANY ($1::text[]);
