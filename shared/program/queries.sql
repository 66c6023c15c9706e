-- name: read_newer
-- Read the revisions after one; the lock of this read lasts to the end of the caller's transaction.
SELECT revision, effective_at, document
FROM program.revision
WHERE revision > $1
ORDER BY revision

-- name: effective_at
-- Read when a revision takes effect; no row where there is none, or no more.
SELECT effective_at FROM program.revision WHERE revision = $1

-- name: lock_revisions
-- Wait for every transaction that has read revisions, and hold off new ones until we commit.
LOCK TABLE program.revision IN ACCESS EXCLUSIVE MODE

-- name: read_ground
-- Read the clock, and whether anything was ever posted, after the lock.
SELECT clock_timestamp() AS now, EXISTS (SELECT FROM ledger.entry) AS has_entries

-- name: append
-- Add a revision; a number that is taken already is an error.
INSERT INTO program.revision (revision, effective_at, document, applied_by)
VALUES ($1, $2, $3, $4)

-- name: seed
-- Make revision 1 where there is none.
INSERT INTO program.revision (revision, effective_at, document, applied_by)
VALUES (1, '-infinity', $1, $2)
ON CONFLICT (revision) DO NOTHING
