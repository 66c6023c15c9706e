-- name: schema_version
-- Reads the number of the newest migration that was applied.
SELECT version FROM deployed.schema_v1;
