-- name: count_adjusted
-- Add to what an operator adjusted on a day, and say what it comes to; locks the row till the end.
INSERT INTO earn.adjusted AS a (operator, day, points) VALUES ($1, $2, $3)
ON CONFLICT (operator, day) DO UPDATE SET points = a.points + excluded.points
RETURNING a.points;

-- name: read_entry
-- The entry that a cause has left with a member.
SELECT e.seq, e.points, e.balance, e.posted_at
FROM ledger.entry AS e
WHERE e.member_id = $1 AND e.cause = $2;

-- name: find_import_rows
-- What was imported before under a batch's rows.
SELECT r.row, r.member_id, r.points, r.expires_on
FROM earn.import_row AS r
WHERE r.batch = $1 AND r.row = ANY ($2::integer[]);

-- name: keep_import_rows
-- Claim rows of a batch, in order; one that is there already is left as it is.
INSERT INTO earn.import_row (batch, row, member_id, points, expires_on)
SELECT $1, t.row, t.member_id, t.points, t.expires_on
FROM unnest($2::integer[], $3::text[], $4::bigint[], $5::date[])
    AS t (row, member_id, points, expires_on)
ORDER BY t.row
ON CONFLICT (batch, row) DO NOTHING
RETURNING 1;
