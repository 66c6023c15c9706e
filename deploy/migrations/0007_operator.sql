-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

-- What operators look up: an order's events, whoever they were about.
CREATE VIEW read.order_v1 AS
SELECT c.order_id, c.member_id, c.refunded
FROM earn.order_claim AS c
WHERE c.member_id IS NOT NULL;

-- An order's own entries are found through its member; those of sharers could be anybody's.
CREATE INDEX entry_share_order ON ledger.entry (cause) WHERE cause LIKE 'share/order/%';

CREATE INDEX parked_cause ON messaging.parked (cause);

-- Somebody looked at it and decided that it shall not be told again.
ALTER TABLE messaging.dead_letter ADD COLUMN dismissed_at timestamptz;
ALTER TABLE messaging.dead_letter ADD COLUMN dismissed_by text;

-- migrate:down
