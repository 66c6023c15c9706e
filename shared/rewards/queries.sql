-- name: lock_revisions
-- One operator applies after the other; who reads is not kept waiting.
LOCK TABLE redeem.rewards_revision IN EXCLUSIVE MODE

-- name: lock_stock
-- Open the stock of new rewards, and lock that of known ones in the order of their ids.
INSERT INTO redeem.stock AS s (reward_id, total)
SELECT t.reward_id, t.total
FROM unnest($1::text[], $2::bigint[]) AS t (reward_id, total)
ORDER BY t.reward_id COLLATE "C"
ON CONFLICT (reward_id) DO UPDATE SET total = s.total WHERE false

-- name: read_stock
-- What there is of each reward that was ever offered, in the order of the document.
SELECT s.reward_id, r.position IS NOT NULL AS offered, s.total, s.reserved, s.sold
FROM redeem.stock AS s
LEFT JOIN redeem.reward AS r ON r.reward_id = s.reward_id
ORDER BY r.position NULLS LAST, s.reward_id

-- name: set_totals
-- Raise and lower stock; the rows are locked.
UPDATE redeem.stock AS s SET total = t.total
FROM unnest($1::text[], $2::bigint[]) AS t (reward_id, total)
WHERE s.reward_id = t.reward_id AND s.total <> t.total

-- name: append
-- Keep a document as the next revision.
INSERT INTO redeem.rewards_revision (revision, document, applied_by)
SELECT coalesce(max(r.revision), 0) + 1, $1, $2 FROM redeem.rewards_revision AS r
RETURNING revision

-- name: keep_rewards
-- Say each reward as the document says it.
INSERT INTO redeem.reward (reward_id, revision, position, body)
SELECT t.reward_id, $1, t.position, t.body
FROM json_to_recordset($2::json) AS t (reward_id text, position integer, body json)
ON CONFLICT (reward_id) DO UPDATE SET
    revision = excluded.revision, position = excluded.position, body = excluded.body

-- name: withdraw
-- No longer offer what the document leaves out; what was redeemed of it stays what it is.
UPDATE redeem.reward SET revision = $1, position = NULL
WHERE position IS NOT NULL AND reward_id <> ALL ($2::text[])
RETURNING reward_id

-- name: read_document
-- A document as it was applied, the newest where none is named.
SELECT
    r.revision, (SELECT max(n.revision) FROM redeem.rewards_revision AS n) AS newest,
    r.document, r.applied_by, r.applied_at
FROM redeem.rewards_revision AS r
WHERE r.revision = $1 OR $1::integer IS NULL
ORDER BY r.revision DESC
LIMIT 1

-- name: list_redemptions
-- Redemptions in one state, those that have been in it longest first.
SELECT
    r.member_id, r.redemption_id, r.reward_id, r.title, r.quantity, r.points, r.status, r.version,
    r.reason, r.requested_at, r.carrier, r.tracking_no, r.changed_at
FROM read.redemption_v1 AS r
WHERE r.status = $1
    AND ($2::text IS NULL OR r.member_id = $2)
    AND ($3::text IS NULL OR r.reward_id = $3)
ORDER BY r.changed_at, r.member_id, r.redemption_id
LIMIT $4
