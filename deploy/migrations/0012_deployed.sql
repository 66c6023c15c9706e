-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

-- How far the schema is, for whoever connects: a service says that it is not ready on one that is
-- older than itself.
CREATE SCHEMA deployed;

CREATE VIEW deployed.schema_v1 AS
SELECT max(m.version) AS version
FROM public.schema_migrations AS m;

GRANT USAGE ON SCHEMA deployed TO PUBLIC;
GRANT SELECT ON deployed.schema_v1 TO PUBLIC;

-- migrate:down
