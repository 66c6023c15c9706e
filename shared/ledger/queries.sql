-- name: lock_accounts
-- Open missing accounts of $2, lock all of $3 in order, and read the clock after the locks.
SELECT a.member_id, a.balance, a.seq, a.head_hash, a.posted_at
FROM ledger.lock_accounts($1::text, $2::text[], $3::text[]) AS a;

-- name: clock
-- The time all decisions of a batch are made at; read after its locks.
SELECT clock_timestamp();

-- name: load_lots
-- All lots of the locked members.
SELECT l.member_id, l.expires_on, l.points, l.expired, l.forgiven, l.times_expired
FROM ledger.lot AS l
WHERE l.member_id = ANY ($1::text[]);

-- name: find_causes
-- Which of the causes are in the members' ledgers already, and how they were told.
SELECT e.member_id, e.cause, e.seq, e.fingerprint
FROM ledger.entry AS e
WHERE e.member_id = ANY ($1::text[]) AND e.cause = ANY ($2::text[]);

-- name: post
-- Append the entries of a batch and move accounts, lots and outbox with them.
SELECT ledger.post($1::text, $2::json, $3::json, $4::json);
