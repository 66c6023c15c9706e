-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

CREATE SCHEMA earn;

-- An order belongs to one member. A row without a member is the place where an event that waits
-- for the order and the order itself meet, so that no wake-up is lost. What the order earned is the
-- ledger's to say; what was paid and refunded is kept here, so that a refund recomputes from that.
-- lines: [[line_id, paid_minor, refunded_minor], …]
CREATE TABLE earn.order_claim (
    order_id text COLLATE "C" PRIMARY KEY,
    member_id text COLLATE "C",
    currency text,
    lines json,
    taken_back bigint NOT NULL DEFAULT 0 CHECK (taken_back >= 0),
    -- Nothing of the order is left to refund.
    refunded boolean NOT NULL DEFAULT false,
    CHECK ((member_id IS NULL) = (lines IS NULL) AND (member_id IS NULL) = (currency IS NULL))
) WITH (fillfactor = 90);

-- A friend's first order pays one sharer, once.
CREATE TABLE earn.friend_claim (
    friend_id text COLLATE "C" PRIMARY KEY,
    member_id text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    points bigint NOT NULL,
    expires_on date NOT NULL
);
CREATE INDEX friend_claim_order ON earn.friend_claim (order_id);

-- The local days a member checked in: how many in a row and in all up to it, and the points the
-- ladder gives it by now; late check-ins move later days and leave corrections.
CREATE TABLE earn.check_in (
    member_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    run integer NOT NULL CHECK (run > 0),
    count integer NOT NULL CHECK (count > 0),
    points bigint NOT NULL CHECK (points >= 0),
    revision integer NOT NULL,
    corrections integer NOT NULL DEFAULT 0,
    PRIMARY KEY (member_id, day)
);

GRANT USAGE ON SCHEMA earn TO jifen_earn;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA earn TO jifen_earn;

-- migrate:down
