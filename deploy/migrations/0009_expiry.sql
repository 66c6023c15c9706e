-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

CREATE SCHEMA expiry;

-- Members fall into 64 parts that any number of workers share. It must never give another number
-- for the same member, and needs no secret: hash partitioning relies on the same function.
CREATE FUNCTION expiry.bucket_of(member text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashtextextended(member, 0) & 63)::integer;

-- Finds what a day concerns, in pages. On columns that never change: an index that knew which lots
-- still hold points would make every award write its lot's indexes again.
CREATE INDEX lot_expiry ON ledger.lot (expiry.bucket_of(member_id), expires_on, member_id);

-- How far each part is. Every lot before (after_date, after_member) that is past its date is swept;
-- sweep_to is the last date that is over, raised by the leader; failed_from is the earliest date at
-- which this pass had to leave a member behind. Reminders are planned through planned_through;
-- plan_on is the day to plan next.
CREATE TABLE expiry.bucket (
    bucket integer PRIMARY KEY CHECK (bucket BETWEEN 0 AND 63),
    after_date date NOT NULL DEFAULT '-infinity',
    after_member text COLLATE "C" NOT NULL DEFAULT '',
    sweep_to date NOT NULL DEFAULT '-infinity',
    failed_from date,
    planned_through date,
    plan_on date,
    skipped bigint NOT NULL DEFAULT 0 CHECK (skipped >= 0)
) WITH (fillfactor = 50);
INSERT INTO expiry.bucket (bucket) SELECT n FROM generate_series(0, 63) AS n;

-- One reminder per member, date and stage, for ever; points are those unspent when it was planned.
CREATE TABLE expiry.reminder (
    member_id text COLLATE "C" NOT NULL,
    expires_on date NOT NULL,
    stage smallint NOT NULL CHECK (stage > 0),
    points bigint NOT NULL CHECK (points > 0),
    planned_at timestamptz NOT NULL,
    PRIMARY KEY (member_id, expires_on, stage)
);

-- Sweeps that an operator asked for, from the beginning of time on; finished_at once all is swept.
CREATE TABLE expiry.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    as_of date NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE INDEX run_unfinished ON expiry.run (run_id) WHERE finished_at IS NULL;

GRANT USAGE ON SCHEMA expiry TO jifen_expiry;
GRANT SELECT ON ALL TABLES IN SCHEMA expiry TO jifen_expiry;
GRANT UPDATE ON expiry.bucket TO jifen_expiry;
GRANT INSERT ON expiry.reminder TO jifen_expiry;
GRANT INSERT, UPDATE (finished_at) ON expiry.run TO jifen_expiry;

-- migrate:down
