-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

CREATE SCHEMA messaging;

-- One outbox for all services, because points.v1 must keep a member's order across them.
-- Column names are Debezium's. A row either carries its payload or points at a dead letter.
CREATE TABLE messaging.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL,
    aggregatetype text NOT NULL,
    aggregateid text COLLATE "C" NOT NULL,
    type text NOT NULL,
    payload text CHECK (octet_length(payload) <= 65536),
    headers json,
    dead_letter_id bigint,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((payload IS NULL) = (dead_letter_id IS NOT NULL))
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 50000,
    autovacuum_vacuum_cost_delay = 0
);

-- What could not be applied, with the original bytes; headers are [name, base64 or null] pairs.
CREATE TABLE messaging.dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_name text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    record_timestamp_ms bigint NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    key bytea,
    value bytea,
    headers json NOT NULL,
    member_id text COLLATE "C",
    cause text COLLATE "C",
    -- Isolated by halving a batch that raised: these count against the brake.
    isolated boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    replayed_at timestamptz,
    UNIQUE (group_name, topic, partition, record_offset, record_timestamp_ms)
);
CREATE INDEX dead_letter_open ON messaging.dead_letter (group_name, id) WHERE replayed_at IS NULL;
CREATE INDEX dead_letter_cause ON messaging.dead_letter (cause) WHERE cause IS NOT NULL;

-- Events that came before what they need, under the cause they wait for.
CREATE TABLE messaging.parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_name text NOT NULL,
    awaits text COLLATE "C" NOT NULL,
    member_id text COLLATE "C" NOT NULL,
    cause text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    record_timestamp_ms bigint NOT NULL,
    key bytea,
    value bytea NOT NULL,
    headers json NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    abandoned_at timestamptz,
    UNIQUE (member_id, cause, fingerprint, group_name)
);
CREATE INDEX parked_awaits ON messaging.parked (group_name, awaits, id);
CREATE INDEX parked_age ON messaging.parked (parked_at) WHERE abandoned_at IS NULL;

-- The next offset each group reads, moved in the transaction that applied the records before it.
CREATE TABLE messaging.consumer_offset (
    group_name text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    cluster_id text NOT NULL,
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (group_name, topic, partition)
) WITH (fillfactor = 50);

-- Consumption of a group is stopped while tripped_at is later than released_at.
CREATE TABLE messaging.brake (
    group_name text PRIMARY KEY,
    tripped_at timestamptz,
    detail text NOT NULL DEFAULT '',
    released_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_by text NOT NULL DEFAULT ''
);

GRANT USAGE ON SCHEMA messaging TO jifen_earn, jifen_redeem, jifen_expiry, jifen_notify, jifen_relay;
GRANT SELECT, INSERT ON messaging.outbox TO jifen_earn, jifen_redeem, jifen_expiry, jifen_notify;
GRANT SELECT, INSERT ON messaging.dead_letter TO jifen_earn, jifen_redeem, jifen_expiry, jifen_notify;
GRANT SELECT, INSERT, UPDATE, DELETE ON messaging.parked TO jifen_earn, jifen_redeem, jifen_expiry, jifen_notify;
GRANT SELECT, INSERT, UPDATE ON messaging.consumer_offset TO jifen_earn, jifen_redeem, jifen_expiry, jifen_notify;
GRANT SELECT, INSERT, UPDATE ON messaging.brake TO jifen_earn, jifen_redeem, jifen_expiry, jifen_notify;
GRANT SELECT, DELETE ON messaging.outbox TO jifen_relay;
GRANT SELECT, INSERT ON messaging.dead_letter TO jifen_relay;

-- migrate:down
