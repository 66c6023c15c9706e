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

-- migrate:down
