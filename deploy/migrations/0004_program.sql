-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

CREATE SCHEMA program;

-- The program document as applied; a revision is never edited.
CREATE TABLE program.revision (
    revision integer PRIMARY KEY CHECK (revision > 0),
    effective_at timestamptz NOT NULL,
    document text NOT NULL,
    applied_by text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT USAGE ON SCHEMA program TO jifen_earn, jifen_redeem, jifen_expiry, jifen_notify, jifen_mall;
GRANT SELECT ON program.revision TO jifen_earn, jifen_redeem, jifen_expiry, jifen_notify, jifen_mall;

-- migrate:down
