-- name: schema_version
-- Reads the number of the newest migration that was applied.
SELECT version FROM deployed.schema_v1;

-- name: try_lock
-- Takes a lock that one session at a time has; it lasts until released, or as long as the session.
SELECT pg_try_advisory_lock($1::integer, $2::integer);
