-- name: estimate_entries
-- How many entries there are, about (-1: nobody knows yet); for the progress only.
SELECT c.reltuples::bigint FROM pg_catalog.pg_class AS c WHERE c.oid = 'ledger.entry'::regclass;

-- name: next_page
-- The last member of the page after $1: at most $3 members of about $2 entries, at least one.
SELECT max(w.member_id)
FROM (
    SELECT a.member_id, sum(a.seq) OVER (ORDER BY a.member_id) - a.seq AS entries_before
    FROM (
        SELECT p.member_id, p.seq FROM ledger.account AS p
        WHERE p.member_id > $1
        ORDER BY p.member_id
        LIMIT $3
    ) AS a
) AS w
WHERE w.entries_before < $2;

-- name: member_before
-- The last account before a member; of the first, what comes before all.
SELECT coalesce(max(a.member_id), '') FROM ledger.account AS a WHERE a.member_id < $1;

-- name: check_page
-- Recompute the ledgers of the members after $1 up to $2; of wrong ones, tell the first $3.
WITH chained AS (
    SELECT
        e.*,
        array_to_string(e.lot_dates, ',', 'null') AS dates_text,
        array_to_string(e.lot_points, ',', 'null') AS points_text,
        lag(e.seq, 1, 0::bigint) OVER chain AS seq_before,
        lag(e.balance, 1, 0::bigint) OVER chain AS balance_before,
        lag(e.posted_at, 1, '-infinity') OVER chain AS posted_before,
        lag(e.hash, 1, sha256('\x00' || convert_to(e.member_id, 'UTF8'))) OVER chain
            AS hash_before,
        lead(e.seq) OVER chain IS NULL AS is_last
    FROM ledger.entry AS e
    WHERE e.member_id > $1 AND e.member_id <= $2
    WINDOW chain AS (PARTITION BY e.member_id ORDER BY e.seq)
), recomputed AS (
    SELECT
        c.member_id, c.seq, c.kind, c.cause, c.points, c.balance, c.posted_at, c.hash, c.is_last,
        c.seq_before, c.balance_before, c.posted_before, c.hash_version,
        greatest(c.balance, 0) - greatest(c.balance - c.points, 0) AS lots_due,
        CASE cardinality(c.lot_points)
            WHEN 0 THEN 0
            WHEN 1 THEN c.lot_points[1]
            ELSE (SELECT sum(l.points) FROM unnest(c.lot_points) AS l (points))
        END AS lots_moved,
        CASE c.hash_version
            WHEN 1 THEN sha256(
                '\x01'::bytea || c.hash_before
                || int8send(c.seq) || int8send(c.points) || int8send(c.balance)
                || timestamptz_send(c.occurred_at) || timestamptz_send(c.posted_at)
                || int8send(coalesce(c.revision::bigint, -9223372036854775808))
                || c.fingerprint
                || int4send(octet_length(c.cause)) || int4send(octet_length(c.kind))
                || int4send(octet_length(c.dates_text)) || int4send(octet_length(c.points_text))
                || int4send(octet_length(c.reason))
                || convert_to(
                    c.cause || c.kind || c.dates_text || c.points_text || c.reason, 'UTF8'
                )
            )
            -- the next version goes here
        END AS hash_due,
        -- Points of an award that its taking back did not move: gone already, and let off.
        CASE c.kind WHEN 'reversed' THEN coalesce(
            substring(c.reason FROM '"covered_by_expiry":([0-9]{1,18})')::bigint, 0
        ) END AS covered,
        CASE c.kind WHEN 'reversed' THEN coalesce(
            substring(c.reason FROM '"forgiven":([0-9]{1,18})')::bigint, 0
        ) END AS let_off
    FROM chained AS c
), judged AS (
    SELECT
        r.*,
        abs(r.balance - r.balance_before - r.points) AS off_balance,
        abs(coalesce(r.lots_moved, 0) - r.lots_due) AS off_lots,
        r.seq <> r.seq_before + 1
        OR r.posted_at < r.posted_before
        OR r.hash IS DISTINCT FROM r.hash_due AS is_broken,
        CASE
            WHEN r.seq <> r.seq_before + 1 THEN 'seq'
            WHEN r.balance <> r.balance_before + r.points THEN 'balance'
            WHEN r.lots_moved IS DISTINCT FROM r.lots_due THEN 'lots'
            WHEN r.posted_at < r.posted_before THEN 'posted_at'
            WHEN r.hash IS DISTINCT FROM r.hash_due
                THEN CASE WHEN r.hash_due IS NULL THEN 'hash_version' ELSE 'hash' END
        END AS problem
    FROM recomputed AS r
), told AS (
    SELECT
        j.member_id,
        count(*) AS entries,
        min(j.seq) AS first_seq,
        max(j.seq) AS seq,
        any_value(j.hash) FILTER (WHERE j.is_last) AS head_hash,
        max(j.posted_at) AS posted_at,
        sum(j.points) AS balance,
        max(j.off_balance) AS off_balance,
        max(j.off_lots) AS off_lots,
        bool_or(j.is_broken) AS is_broken,
        coalesce(sum(j.points) FILTER (WHERE j.kind = 'earned'), 0) AS earned,
        coalesce(sum(j.points) FILTER (WHERE j.kind = 'reversed'), 0) AS reversed,
        coalesce(sum(j.points) FILTER (WHERE j.kind = 'redeemed'), 0) AS redeemed,
        coalesce(sum(j.points) FILTER (WHERE j.kind = 'returned'), 0) AS returned,
        coalesce(sum(j.points) FILTER (WHERE j.kind = 'expired'), 0) AS expired,
        coalesce(sum(j.points) FILTER (WHERE j.kind = 'adjusted'), 0) AS adjusted,
        coalesce(sum(j.covered), 0) AS covered,
        array_agg(split_part(j.cause, '/', 2)) FILTER (
            WHERE j.kind = 'reversed' AND j.cause LIKE 'order/%'
        ) AS refunded_orders,
        array_agg(j.covered + j.let_off - j.points::numeric) FILTER (
            WHERE j.kind = 'reversed' AND j.cause LIKE 'order/%'
        ) AS refunded_points,
        -- The least of these arrays is the first wrong entry; only wrong ones make one.
        min(ARRAY[
            -- A gap is the fault of the entry that is not there.
            lpad(CASE j.problem WHEN 'seq' THEN j.seq_before + 1 ELSE j.seq END::text, 19, '0'),
            j.problem,
            CASE j.problem
                WHEN 'seq' THEN 'entry ' || j.seq_before + 1
                WHEN 'balance' THEN (j.balance_before + j.points)::text
                WHEN 'lots' THEN j.lots_due::text
                WHEN 'posted_at' THEN 'not before ' || j.posted_before
                WHEN 'hash_version' THEN 'a known one'
                WHEN 'hash' THEN encode(j.hash_due, 'hex')
            END,
            CASE j.problem
                WHEN 'seq' THEN 'entry ' || j.seq
                WHEN 'balance' THEN j.balance::text
                WHEN 'lots' THEN coalesce(j.lots_moved::text, 'null')
                WHEN 'posted_at' THEN j.posted_at::text
                WHEN 'hash_version' THEN j.hash_version::text
                WHEN 'hash' THEN encode(j.hash, 'hex')
            END
        ]) FILTER (WHERE j.problem IS NOT NULL) AS finding
    FROM judged AS j
    GROUP BY j.member_id
), moved AS (
    SELECT
        m.member_id,
        m.expires_on,
        sum(m.points) AS points,
        coalesce(-sum(m.points) FILTER (WHERE m.kind = 'expired'), 0) AS expired,
        count(*) FILTER (WHERE m.kind = 'expired') AS times_expired
    FROM (
        SELECT
            e.member_id, e.kind, unnest(e.lot_dates) AS expires_on, unnest(e.lot_points) AS points
        FROM ledger.entry AS e
        WHERE e.member_id > $1 AND e.member_id <= $2
    ) AS m
    GROUP BY m.member_id, m.expires_on
), lots AS (
    SELECT
        coalesce(l.member_id, m.member_id) AS member_id,
        coalesce(sum(l.points), 0) AS points,
        coalesce(sum(l.forgiven), 0) AS forgiven,
        sum(abs(coalesce(l.points, 0) - coalesce(m.points, 0))) AS off_points,
        min(ARRAY[
            coalesce(l.expires_on, m.expires_on)::text,
            format(
                'points %s, expired %s in %s times, at most as much forgiven',
                coalesce(m.points, 0), coalesce(m.expired, 0), coalesce(m.times_expired, 0)
            ),
            format(
                'points %s, expired %s in %s times, forgiven %s',
                l.points, l.expired, l.times_expired, l.forgiven
            )
        ]) FILTER (
            WHERE coalesce(l.points, 0) <> coalesce(m.points, 0)
            OR coalesce(l.expired, 0) <> coalesce(m.expired, 0)
            OR coalesce(l.times_expired, 0) <> coalesce(m.times_expired, 0)
            OR coalesce(l.forgiven, 0) NOT BETWEEN 0 AND coalesce(l.expired, 0)
        ) AS finding
    FROM (
        SELECT o.* FROM ledger.lot AS o
        WHERE o.member_id > $1 AND o.member_id <= $2
    ) AS l
    FULL JOIN moved AS m ON m.member_id = l.member_id AND m.expires_on = l.expires_on
    GROUP BY 1
), verdict AS (
    SELECT
        coalesce(a.member_id, t.member_id, l.member_id) AS member_id,
        coalesce(t.entries, 0) AS entries,
        greatest(a.balance, 0) AS liability,
        greatest(-a.balance, 0) AS debt,
        -- What the account says against what its entries add up to; the kinds where balances agree.
        coalesce(
            nullif(abs(coalesce(a.balance, 0) - coalesce(t.balance, 0)), 0),
            greatest(
                abs(coalesce(a.earned, 0) - coalesce(t.earned, 0)),
                abs(coalesce(a.reversed, 0) - coalesce(t.reversed, 0)),
                abs(coalesce(a.redeemed, 0) - coalesce(t.redeemed, 0)),
                abs(coalesce(a.returned, 0) - coalesce(t.returned, 0)),
                abs(coalesce(a.expired, 0) - coalesce(t.expired, 0)),
                abs(coalesce(a.adjusted, 0) - coalesce(t.adjusted, 0)),
                t.off_balance
            )
        ) AS off_balance,
        -- What the lots hold against what the entries moved, and against their balance.
        greatest(
            l.off_points,
            abs(coalesce(l.points, 0) - greatest(coalesce(t.balance, 0), 0)),
            abs(coalesce(l.forgiven, 0) - coalesce(t.covered, 0))
        ) AS off_lots,
        -- One side of each entry against the other, refunds against their awards, and the sums
        -- by kind against the balance.
        greatest(
            t.off_lots,
            o.off_points,
            abs(
                a.balance::numeric - a.earned - a.reversed - a.redeemed - a.returned - a.expired
                - a.adjusted
            ),
            0
        ) AS off_sides,
        coalesce(
            t.is_broken
            OR a.seq <> t.seq
            OR a.head_hash <> t.head_hash
            OR a.posted_at <> t.posted_at,
            coalesce(t.entries, 0) <> coalesce(a.seq, 0)
        ) AS is_broken,
        CASE
            WHEN a.member_id IS NULL
                THEN ARRAY[t.first_seq::text, 'account', 'an account', 'none']
            WHEN t.finding IS NOT NULL THEN t.finding
            WHEN a.seq <> coalesce(t.seq, 0)
                THEN ARRAY[(coalesce(t.seq, 0) + 1)::text, 'seq',
                    'entries up to ' || a.seq, 'entries up to ' || coalesce(t.seq, 0)]
            WHEN a.head_hash <> coalesce(t.head_hash, ledger.genesis(a.member_id))
                THEN ARRAY[t.seq::text, 'head_hash',
                    encode(coalesce(t.head_hash, ledger.genesis(a.member_id)), 'hex'),
                    encode(a.head_hash, 'hex')]
            WHEN a.balance <> coalesce(t.balance, 0)
                THEN ARRAY[NULL, 'account.balance', coalesce(t.balance, 0)::text, a.balance::text]
            WHEN (a.earned, a.reversed, a.redeemed, a.returned, a.expired, a.adjusted)
                IS DISTINCT FROM (
                    coalesce(t.earned, 0), coalesce(t.reversed, 0), coalesce(t.redeemed, 0),
                    coalesce(t.returned, 0), coalesce(t.expired, 0), coalesce(t.adjusted, 0)
                )
                THEN ARRAY[NULL, 'account.sums',
                    format('earned %s, reversed %s, redeemed %s, returned %s, expired %s,'
                        ' adjusted %s', t.earned, t.reversed, t.redeemed, t.returned, t.expired,
                        t.adjusted),
                    format('earned %s, reversed %s, redeemed %s, returned %s, expired %s,'
                        ' adjusted %s', a.earned, a.reversed, a.redeemed, a.returned, a.expired,
                        a.adjusted)]
            WHEN a.posted_at <> t.posted_at
                THEN ARRAY[t.seq::text, 'account.posted_at', t.posted_at::text, a.posted_at::text]
            WHEN l.finding IS NOT NULL
                THEN ARRAY[NULL, 'lot ' || l.finding[1], l.finding[2], l.finding[3]]
            WHEN coalesce(l.points, 0) <> greatest(a.balance, 0)
                THEN ARRAY[NULL, 'lots', greatest(a.balance, 0)::text,
                    coalesce(l.points, 0)::text]
            WHEN coalesce(l.forgiven, 0) <> coalesce(t.covered, 0)
                THEN ARRAY[NULL, 'lots.forgiven', coalesce(t.covered, 0)::text,
                    coalesce(l.forgiven, 0)::text]
            WHEN o.finding IS NOT NULL
                THEN ARRAY[NULL, 'order ' || o.finding[1], 'at most ' || o.finding[2],
                    o.finding[3]]
        END AS finding
    FROM (
        SELECT s.* FROM ledger.account AS s
        WHERE s.member_id > $1 AND s.member_id <= $2
    ) AS a
    FULL JOIN told AS t ON t.member_id = a.member_id
    FULL JOIN lots AS l ON l.member_id = coalesce(a.member_id, t.member_id)
    -- Orders whose refunds came to more than their payment gave; earn names their causes.
    LEFT JOIN LATERAL (
        SELECT
            max(r.points - p.points) AS off_points,
            min(ARRAY[r.order_id, p.points::text, r.points::text]) AS finding
        FROM (
            SELECT u.order_id, sum(u.points) AS points
            FROM unnest(t.refunded_orders, t.refunded_points) AS u (order_id, points)
            GROUP BY u.order_id
        ) AS r
        JOIN ledger.entry AS p
            ON p.member_id = t.member_id AND p.cause = 'order/' || r.order_id || '/paid'
        WHERE r.points > p.points
    ) AS o ON t.refunded_orders IS NOT NULL
)
SELECT
    count(*) AS members,
    coalesce(sum(v.entries), 0)::bigint AS entries,
    count(v.finding) AS wrong,
    coalesce(sum(v.liability), 0)::bigint AS liability,
    coalesce(sum(v.debt), 0)::bigint AS debt,
    (
        SELECT json_agg(json_build_array(w.member_id, w.finding[1]::bigint, w.finding[2],
            w.finding[3], w.finding[4], w.off_balance, w.off_lots, w.off_sides, w.is_broken))
        FROM (
            SELECT f.* FROM verdict AS f
            WHERE f.finding IS NOT NULL
            ORDER BY f.member_id
            LIMIT $3
        ) AS w
    ) AS findings
FROM verdict AS v;
