-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

CREATE SCHEMA ledger;

-- Raised by one after a restore, because sequence numbers are then used again.
CREATE TABLE ledger.epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch integer NOT NULL CHECK (epoch > 0)
);
INSERT INTO ledger.epoch (epoch) VALUES (1);

-- One row per member: the lock of all that happens to that member.
-- The six sums are signed and by kind of entry; debt is max(0, -balance).
CREATE TABLE ledger.account (
    member_id text COLLATE "C" PRIMARY KEY CHECK (octet_length(member_id) BETWEEN 1 AND 64),
    balance bigint NOT NULL DEFAULT 0,
    seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
    head_hash bytea NOT NULL CHECK (octet_length(head_hash) = 32),
    earned bigint NOT NULL DEFAULT 0,
    reversed bigint NOT NULL DEFAULT 0,
    redeemed bigint NOT NULL DEFAULT 0,
    returned bigint NOT NULL DEFAULT 0,
    expired bigint NOT NULL DEFAULT 0,
    adjusted bigint NOT NULL DEFAULT 0,
    posted_at timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z',
    CHECK (balance = earned + reversed + redeemed + returned + expired + adjusted)
) WITH (fillfactor = 80);

-- One row per member and date; expires_on is the last local day to spend, infinity is never.
CREATE TABLE ledger.lot (
    member_id text COLLATE "C" NOT NULL,
    expires_on date NOT NULL CHECK (expires_on = 'infinity' OR expires_on < '9999-01-01'),
    points bigint NOT NULL CHECK (points >= 0),
    expired bigint NOT NULL DEFAULT 0 CHECK (expired >= 0),
    forgiven bigint NOT NULL DEFAULT 0 CHECK (forgiven BETWEEN 0 AND expired),
    times_expired integer NOT NULL DEFAULT 0 CHECK (times_expired >= 0),
    PRIMARY KEY (member_id, expires_on)
) WITH (fillfactor = 80);

-- Append-only. lot_dates and lot_points say which lots the entry moved and by how much.
CREATE TABLE ledger.entry (
    member_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    cause text COLLATE "C" NOT NULL CHECK (octet_length(cause) BETWEEN 1 AND 300),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    kind text NOT NULL CHECK (kind IN ('earned', 'reversed', 'redeemed', 'returned', 'expired', 'adjusted')),
    points bigint NOT NULL CHECK (points BETWEEN -1000000000000 AND 1000000000000),
    balance bigint NOT NULL,
    lot_dates date[] NOT NULL,
    lot_points bigint[] NOT NULL,
    reason text NOT NULL CHECK (octet_length(reason) <= 16384),
    revision integer,
    occurred_at timestamptz NOT NULL,
    posted_at timestamptz NOT NULL,
    hash_version smallint NOT NULL CHECK (hash_version > 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (member_id, seq),
    UNIQUE (member_id, cause),
    CHECK (cardinality(lot_dates) = cardinality(lot_points))
);

-- Where a member's rows live: one bucket on plain PostgreSQL, a shard on a distributed one.
CREATE FUNCTION ledger.bucket_of(member text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 0;

-- The hash before a member's first entry; it binds the chain to the member. Stable, as convert_to
-- is: declared immutable it could not be inlined, and was a query of its own for each new member.
CREATE FUNCTION ledger.genesis(member text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256('\x00'::bytea || convert_to(member, 'UTF8'));

-- What stands for the place of an account that may not be there, among the advisory locks.
CREATE FUNCTION ledger.place_of(member text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended('ledger.account/' || member, 0);

-- Keeps accounts that are not there from being opened until the transaction ends, so that finding
-- none is a lock as well. False, and nothing is certain, where one was or is being opened. It never
-- waits: who opens accounts may be waiting for a row that the caller has locked.
CREATE FUNCTION ledger.hold_absent(routing_member text, members text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $$
DECLARE
    held boolean := (
        SELECT bool_and(pg_try_advisory_xact_lock_shared(ledger.place_of(m.member)))
        FROM unnest(members) AS m (member)
    );
BEGIN
    RETURN held AND NOT EXISTS (SELECT FROM ledger.account AS a WHERE a.member_id = ANY (members));
END
$$;

-- Opens accounts that are missing, then locks all of them in the order of their ids.
CREATE FUNCTION ledger.lock_accounts(routing_member text, may_open text[], members text[])
RETURNS TABLE (member_id text, balance bigint, seq bigint, head_hash bytea, posted_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    -- Looking first is cheaper than trying to insert what nearly always exists.
    INSERT INTO ledger.account (member_id, head_hash)
    SELECT m.member, ledger.genesis(m.member)
    FROM (
        SELECT o.member FROM unnest(may_open) AS o (member)
        WHERE NOT EXISTS (SELECT FROM ledger.account AS a WHERE a.member_id = o.member)
        ORDER BY o.member COLLATE "C"
        OFFSET 0
    ) AS m
    -- Waits for whoever counts on there being none (hold_absent).
    CROSS JOIN LATERAL pg_advisory_xact_lock(ledger.place_of(m.member))
    ON CONFLICT DO NOTHING;

    RETURN QUERY
    SELECT a.member_id, a.balance, a.seq, a.head_hash, a.posted_at
    FROM ledger.account AS a
    WHERE a.member_id = ANY (members)
    ORDER BY a.member_id
    FOR UPDATE;
END
$$;

-- What a posting is made of: entries, and refunds that expiry had covered already. A member's first
-- entry names the head of the chain it was decided on; lots are array literals of dates and points.
CREATE TYPE ledger.posting AS (
    member_id text, seq bigint, cause text, fingerprint bytea, kind text, points bigint,
    balance bigint, lot_dates text, lot_points text, reason text, revision integer,
    occurred_at timestamptz, posted_at timestamptz, hash_version smallint, hash bytea,
    decided_on bytea, traceparent text
);
CREATE TYPE ledger.forgiveness AS (member_id text, expires_on date, points bigint);

-- The sum of points, as an integer: sum() of bigint is numeric, and costs ten times as much to end.
CREATE AGGREGATE ledger.total(bigint) (
    SFUNC = int8pl, STYPE = bigint, INITCOND = '0', PARALLEL = SAFE
);

-- Appends entries, moves accounts and lots by what the entries say, and announces them.
-- Refuses (40001, load again) accounts that stand elsewhere than decided on, and (23505, 23514: a
-- bug, the same posting would never be taken) what was told before, what does not follow the
-- accounts and what does not add up. Lots add up to the balance afterwards because they did before
-- and every entry moves both by the same points.
CREATE FUNCTION ledger.post(
    routing_member text, entries ledger.posting[], forgiven ledger.forgiveness[]
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- The plan is cached while the tables may still be empty: fix its shape to the one that stays
-- right, index scans of the members' rows hashed against the posting.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_nestloop = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    members text[] := ARRAY(
        SELECT e.member_id FROM unnest(entries) AS e WHERE e.decided_on IS NOT NULL
    );
    -- Few: of the lots of members of many years, the others are not read.
    dates date[] := ARRAY(
        SELECT unnest(d.lot_dates::date[])
        FROM (SELECT DISTINCT e.lot_dates FROM unnest(entries) AS e) AS d
        UNION SELECT f.expires_on FROM unnest(forgiven) AS f
    );
    told record;
BEGIN
    WITH entry AS MATERIALIZED (
        SELECT
            e.member_id, e.seq, e.cause, e.fingerprint, e.kind, e.points, e.balance,
            e.lot_dates::date[] AS lot_dates, e.lot_points::bigint[] AS lot_points,
            e.reason, e.revision, e.occurred_at, e.posted_at, e.hash_version, e.hash,
            e.decided_on, e.traceparent
        FROM unnest(entries) AS e
    ), total AS MATERIALIZED (
        SELECT
            e.member_id,
            count(e.decided_on) AS firsts,
            min(e.seq) FILTER (WHERE e.decided_on IS NOT NULL) - 1 AS seq,
            max(e.decided_on) AS decided_on,
            count(*) AS entries,
            ledger.total(e.points) AS points,
            ledger.total(e.points) FILTER (WHERE e.kind = 'earned') AS earned,
            ledger.total(e.points) FILTER (WHERE e.kind = 'reversed') AS reversed,
            ledger.total(e.points) FILTER (WHERE e.kind = 'redeemed') AS redeemed,
            ledger.total(e.points) FILTER (WHERE e.kind = 'returned') AS returned,
            ledger.total(e.points) FILTER (WHERE e.kind = 'expired') AS expired,
            ledger.total(e.points) FILTER (WHERE e.kind = 'adjusted') AS adjusted,
            max(e.posted_at) AS posted_at,
            substr(max(int8send(e.seq) || e.hash), 9) AS head_hash
        FROM entry AS e
        GROUP BY e.member_id
    ), moved AS (
        UPDATE ledger.account AS a SET
            balance = a.balance + t.points,
            seq = a.seq + t.entries,
            head_hash = t.head_hash,
            earned = a.earned + t.earned,
            reversed = a.reversed + t.reversed,
            redeemed = a.redeemed + t.redeemed,
            returned = a.returned + t.returned,
            expired = a.expired + t.expired,
            adjusted = a.adjusted + t.adjusted,
            posted_at = t.posted_at
        FROM total AS t
        WHERE a.member_id = t.member_id
            AND a.member_id = ANY (members)
            AND a.seq = t.seq
            AND a.head_hash = t.decided_on
        RETURNING new.member_id, old.seq, old.balance, old.posted_at
    ), line AS MATERIALIZED (
        -- Of members that stand where they stood: what is only out of date must break no constraint.
        SELECT
            e.*,
            e.seq <> m.seq + row_number() OVER chain AS gap,
            e.balance <> m.balance + ledger.total(e.points) OVER chain
            OR e.posted_at < greatest(m.posted_at, lag(e.posted_at) OVER chain)
            OR greatest(e.balance, 0) - greatest(e.balance - e.points, 0)
                <> CASE cardinality(e.lot_points)
                    WHEN 0 THEN 0
                    WHEN 1 THEN coalesce(e.lot_points[1], 0)
                    ELSE (SELECT coalesce(sum(l.points), 0) FROM unnest(e.lot_points) AS l (points))
                END
                AS unbalanced
        FROM entry AS e
        JOIN moved AS m ON m.member_id = e.member_id
        WINDOW chain AS (PARTITION BY e.member_id ORDER BY e.seq)
    ), appended AS (
        INSERT INTO ledger.entry (
            member_id, seq, cause, fingerprint, kind, points, balance, lot_dates, lot_points,
            reason, revision, occurred_at, posted_at, hash_version, hash
        )
        SELECT
            e.member_id, e.seq, e.cause, e.fingerprint, e.kind, e.points, e.balance, e.lot_dates,
            e.lot_points, e.reason, e.revision, e.occurred_at, e.posted_at, e.hash_version, e.hash
        FROM line AS e
        ORDER BY e.member_id, e.seq
    ), announced AS (
        INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload, headers)
        SELECT
            e.member_id || '/' || e.seq || '/' || (SELECT p.epoch FROM ledger.epoch AS p),
            'points.v1',
            e.member_id,
            'points.' || e.kind || '.v1',
            '{"entry_id":"' || e.member_id || '/' || e.seq || '","member_id":"' || e.member_id
            || '","seq":' || e.seq || ',"cause":"' || e.cause || '","points":' || e.points
            || ',"balance":' || e.balance || ',"reason":' || e.reason || ',"at":'
            || to_json(e.occurred_at) || ',"posted_at":'
            || to_json(e.posted_at) || '}',
            CASE WHEN e.traceparent IS NOT NULL
                THEN json_build_object('traceparent', e.traceparent) END
        FROM line AS e
        WHERE e.points <> 0
        ORDER BY e.member_id, e.seq
    ), move AS MATERIALIZED (
        SELECT
            m.member_id,
            m.expires_on,
            ledger.total(m.points) AS points,
            ledger.total(m.expired) AS expired,
            ledger.total(m.forgiven) AS forgiven,
            sum(m.times)::integer AS times
        FROM (
            SELECT
                e.member_id,
                l.expires_on,
                l.points,
                CASE WHEN e.kind = 'expired' THEN -l.points ELSE 0 END AS expired,
                0 AS forgiven,
                CASE WHEN e.kind = 'expired' THEN 1 ELSE 0 END AS times
            FROM line AS e
            CROSS JOIN LATERAL unnest(e.lot_dates, e.lot_points) AS l (expires_on, points)
            UNION ALL
            SELECT f.member_id, f.expires_on, 0, 0, f.points, 0
            FROM unnest(forgiven) AS f
            JOIN moved AS v ON v.member_id = f.member_id
        ) AS m
        GROUP BY m.member_id, m.expires_on
    ), lots_moved AS (
        UPDATE ledger.lot AS l SET
            points = l.points + m.points,
            expired = l.expired + m.expired,
            forgiven = l.forgiven + m.forgiven,
            times_expired = l.times_expired + m.times
        FROM move AS m
        WHERE l.member_id = m.member_id
            AND l.expires_on = m.expires_on
            AND l.member_id = ANY (members)
            AND l.expires_on = ANY (dates)
        RETURNING l.member_id, l.expires_on
    ), lots_opened AS (
        INSERT INTO ledger.lot (member_id, expires_on, points, expired, forgiven, times_expired)
        SELECT m.member_id, m.expires_on, m.points, m.expired, m.forgiven, m.times
        FROM move AS m
        WHERE NOT EXISTS (
            SELECT FROM lots_moved AS l
            WHERE l.member_id = m.member_id AND l.expires_on = m.expires_on
        )
    )
    SELECT
        (SELECT count(*) FROM total) AS members,
        (SELECT count(*) FROM total AS t WHERE t.firsts = 1) AS begun,
        (SELECT count(*) FROM moved) AS moved,
        count(*) AS lines,
        count(*) FILTER (WHERE l.gap) AS gaps,
        count(*) FILTER (WHERE l.unbalanced) AS unbalanced
    FROM line AS l
    INTO told;

    IF told.begun <> told.members THEN
        RAISE EXCEPTION 'not one entry of each member names the head it was decided on: %',
            to_json(told) USING ERRCODE = '23514';
    ELSIF told.moved <> told.members THEN
        RAISE EXCEPTION 'only % of % accounts stand where they stood', told.moved, told.members
            USING ERRCODE = '40001', HINT = 'Load the accounts again and decide anew.';
    ELSIF told.gaps > 0 OR told.unbalanced > 0 THEN
        RAISE EXCEPTION 'the posting does not follow the ledger or does not add up: %', to_json(told)
            USING ERRCODE = '23514';
    END IF;
    RETURN told.lines;
END
$$;

REVOKE ALL ON FUNCTION ledger.hold_absent(text, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION ledger.lock_accounts(text, text[], text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION ledger.post(text, ledger.posting[], ledger.forgiveness[]) FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO jifen_earn, jifen_redeem, jifen_expiry, jifen_notify;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO jifen_earn, jifen_redeem, jifen_expiry;
GRANT EXECUTE ON FUNCTION ledger.hold_absent(text, text[]) TO jifen_earn, jifen_redeem, jifen_expiry;
GRANT EXECUTE ON FUNCTION ledger.lock_accounts(text, text[], text[]) TO jifen_earn, jifen_redeem, jifen_expiry;
GRANT EXECUTE ON FUNCTION ledger.post(text, ledger.posting[], ledger.forgiveness[]) TO jifen_earn, jifen_redeem, jifen_expiry;

-- migrate:down
