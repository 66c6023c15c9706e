-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

-- What members look up: which of their points expired. Few entries are of that kind.
CREATE INDEX entry_expired ON ledger.entry (member_id, seq) WHERE kind = 'expired';

-- What counts for a member's monthly limits.
CREATE VIEW read.redemption_use_v1 AS
SELECT r.member_id, r.reward_id, r.counted_on, r.quantity
FROM redeem.redemption AS r
WHERE r.status <> 'cancelled';

GRANT SELECT ON read.redemption_use_v1 TO jifen_mall;

-- What each operator adjusted on a local day, without signs: one row is what all who adjust under
-- one name wait for, so that two at once can't both take the last of the day's room.
CREATE TABLE earn.adjusted (
    operator text COLLATE "C" NOT NULL CHECK (octet_length(operator) BETWEEN 1 AND 64),
    day date NOT NULL,
    points bigint NOT NULL CHECK (points >= 0),
    PRIMARY KEY (operator, day)
);

-- Rows of files that were imported. The ledger knows them by cause, but per member alone: here a
-- row of a batch says one thing, for ever, whoever it names.
CREATE TABLE earn.import_row (
    batch text COLLATE "C" NOT NULL CHECK (octet_length(batch) BETWEEN 1 AND 64),
    row integer NOT NULL CHECK (row > 0),
    member_id text COLLATE "C" NOT NULL,
    points bigint NOT NULL CHECK (points >= 0),
    expires_on date NOT NULL,
    PRIMARY KEY (batch, row)
);

GRANT SELECT, INSERT, UPDATE (points) ON earn.adjusted TO jifen_earn;
GRANT SELECT, INSERT ON earn.import_row TO jifen_earn;

-- migrate:down
