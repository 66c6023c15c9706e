-- migrate:up
SET lock_timeout = '5s';
SET statement_timeout = '60s';

-- Roles belong to the whole server, so another database of it may have made them already.
-- They cannot log in until an operator (or the embedded stack) gives them a password.
DO $$
DECLARE
    service text;
BEGIN
    FOREACH service IN ARRAY ARRAY['earn', 'redeem', 'expiry', 'notify', 'relay', 'mall'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', 'jifen_' || service);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- migrate:down
