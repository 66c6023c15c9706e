-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

CREATE SCHEMA notify;

-- Messages are numbered as they are written: a member's inbox is read by these numbers.
CREATE SEQUENCE notify.message_id;

-- The inbox: one message per member and cause, for ever. It holds what the text is made from, in
-- no language; template and data become text when somebody reads. read_at, once there, stays.
CREATE TABLE notify.message (
    member_id text COLLATE "C" NOT NULL,
    cause text COLLATE "C" NOT NULL CHECK (octet_length(cause) BETWEEN 1 AND 300),
    id bigint NOT NULL,
    template text NOT NULL CHECK (octet_length(template) BETWEEN 1 AND 64),
    data json NOT NULL CHECK (octet_length(data::text) <= 4096),
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    PRIMARY KEY (member_id, cause)
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX message_page ON notify.message (member_id, id);

-- The newest version seen of each redemption: nobody is told of a status after a later one.
CREATE TABLE notify.redemption (
    member_id text COLLATE "C" NOT NULL,
    redemption_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL CHECK (version >= 0),
    PRIMARY KEY (member_id, redemption_id)
) WITH (fillfactor = 80);

-- What goes to a channel outside: written with its message, gone once the channel took it.
-- due_at is when it is tried next, while somebody tries it when others may; attempts count what
-- was begun. What the channel refused for good stays, with dead_at and the last problem.
CREATE TABLE notify.delivery (
    member_id text COLLATE "C" NOT NULL,
    cause text COLLATE "C" NOT NULL,
    channel text NOT NULL,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at timestamptz NOT NULL,
    problem text CHECK (octet_length(problem) <= 64),
    dead_at timestamptz,
    PRIMARY KEY (member_id, cause, channel)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 50000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX delivery_due ON notify.delivery (channel, due_at) WHERE dead_at IS NULL;
CREATE INDEX delivery_dead ON notify.delivery (channel, dead_at) WHERE dead_at IS NOT NULL;

GRANT USAGE ON SCHEMA notify TO jifen_notify;
GRANT USAGE ON SEQUENCE notify.message_id TO jifen_notify;
GRANT SELECT, INSERT, UPDATE (read_at) ON notify.message TO jifen_notify;
GRANT SELECT, INSERT, UPDATE (version) ON notify.redemption TO jifen_notify;
GRANT SELECT, INSERT, UPDATE, DELETE ON notify.delivery TO jifen_notify;

CREATE VIEW read.message_v1 AS
SELECT m.member_id, m.id, m.cause, m.template, m.data, m.created_at, m.read_at
FROM notify.message AS m;

-- How rewards are called, those that are no longer offered among them.
CREATE VIEW read.reward_title_v1 AS
SELECT r.reward_id, r.body ->> 'title' AS title
FROM redeem.reward AS r;

GRANT SELECT ON read.message_v1 TO jifen_mall;
GRANT USAGE ON SCHEMA read TO jifen_notify;
GRANT SELECT ON read.reward_title_v1 TO jifen_notify;

-- migrate:down
