-- name: lock_accounts
-- Open missing accounts of $2, lock all of $3 in order, and read the clock after the locks.
SELECT
    a.member_id, a.balance, a.seq, a.head_hash, a.posted_at,
    CASE WHEN a.place IS NULL OR a.place = 1 THEN clock_timestamp() END AS now
-- A function's rows are all there, and so all locks are held, before the first is passed on.
FROM (SELECT) AS always
LEFT JOIN ledger.lock_accounts(
    $1::text, string_to_array($2::text, E'\n'), string_to_array($3::text, E'\n')
) WITH ORDINALITY AS a (member_id, balance, seq, head_hash, posted_at, place) ON true;

-- name: hold_absent
-- Keep accounts that are not there from being opened meanwhile; false where that can't be done.
SELECT ledger.hold_absent($1::text, string_to_array($2::text, E'\n'));

-- name: clock
-- The time all decisions of a batch are made at; read after its locks.
SELECT clock_timestamp();

-- name: load
-- All lots of the locked members of $1, those from before a day of the members of $2, then which
-- causes (pairwise with members) are in the ledger already, each looked up in its index.
SELECT
    l.member_id, l.expires_on, l.points, l.expired, l.forgiven, l.times_expired,
    NULL::text AS cause, NULL::bigint AS seq, NULL::bytea AS fingerprint
FROM ledger.lot AS l
WHERE l.member_id = ANY (string_to_array($1::text, E'\n'))
UNION ALL
SELECT l.member_id, l.expires_on, l.points, l.expired, l.forgiven, l.times_expired, NULL, NULL, NULL
FROM ledger.lot AS l
WHERE l.member_id = ANY (string_to_array($2::text, E'\n')) AND l.expires_on < $3::date
UNION ALL
SELECT e.member_id, NULL, NULL, NULL, NULL, NULL, e.cause, e.seq, e.fingerprint
FROM unnest(string_to_array($4::text, E'\n'), string_to_array($5::text, E'\n'))
    AS k (member_id, cause)
CROSS JOIN LATERAL (
    SELECT f.* FROM ledger.entry AS f
    WHERE f.member_id = k.member_id AND f.cause = k.cause
    OFFSET 0
) AS e
WHERE e.member_id = ANY (string_to_array($4::text, E'\n'));

-- name: post
-- Append the entries of a batch and move accounts, lots and outbox with them.
SELECT ledger.post($1::text, $2::ledger.posting[], $3::ledger.forgiveness[]);
