-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

-- Who recomputes the ledger may change nothing but its own notes.
DO $$
BEGIN
    CREATE ROLE jifen_audit NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

CREATE SCHEMA audit;

-- Rounds through all members, the newest of which may still be going on: it is at after_member.
-- The sums are of the members that the round has looked at, as each was at that moment.
CREATE TABLE audit.round (
    round_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    after_member text COLLATE "C" NOT NULL DEFAULT '',
    members bigint NOT NULL DEFAULT 0,
    entries bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    liability_points bigint NOT NULL DEFAULT 0,
    debt_points bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Members whose ledger was wrong when last looked at, and by how many points in which check.
CREATE TABLE audit.wrong (
    member_id text COLLATE "C" PRIMARY KEY,
    checks text[] NOT NULL,
    member_balance bigint NOT NULL,
    lot_remaining bigint NOT NULL,
    double_entry bigint NOT NULL,
    problem text NOT NULL,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    looked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT USAGE ON SCHEMA ledger, messaging, audit TO jifen_audit;
GRANT SELECT ON ledger.account, ledger.lot, ledger.entry TO jifen_audit;
GRANT SELECT (id, event_id, aggregatetype, type, payload) ON messaging.outbox TO jifen_audit;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.round, audit.wrong TO jifen_audit;

-- migrate:down
