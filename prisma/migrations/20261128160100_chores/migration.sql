-- What one server at a time does. Whoever holds a row has the chore until the lease is over, by the database's clock.
CREATE TABLE chore (
  name TEXT NOT NULL,
  holder TEXT NOT NULL,
  "heldUntil" TIMESTAMP(3) NOT NULL,
  CONSTRAINT chore_pkey PRIMARY KEY (name)
);

-- Which try holds a key: one that another server has taken over answers nobody, and forgets nothing.
ALTER TABLE idempotency ADD COLUMN holder TEXT;

-- Which call makes a sandbox. Only that one may undo it.
ALTER TABLE sandbox ADD COLUMN creation TEXT;

-- Ids of sandboxes that a node had and no row told of, when a server set them aside or destroyed them. A creation that is
-- still under way elsewhere is refused its row: whoever is told of a sandbox finds it.
CREATE TABLE disowned_sandbox (
  id TEXT NOT NULL,
  at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  -- `unfinished`: its creation was; `unknown`: it was set aside; `undone`: its creation failed; `operator`.
  reason TEXT NOT NULL,
  CONSTRAINT disowned_sandbox_pkey PRIMARY KEY (id)
);
CREATE INDEX "disowned_sandbox_at_idx" ON disowned_sandbox (at);

-- The lock makes the row and this entry exclude each other, whichever comes first.
CREATE FUNCTION refuse_disowned_sandbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.id, 0));
  IF EXISTS (SELECT FROM disowned_sandbox WHERE id = NEW.id) THEN
    RAISE EXCEPTION 'the creation of sandbox % was given up', NEW.id USING ERRCODE = 'CL002';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER refuse_disowned_sandbox BEFORE INSERT ON sandbox
  FOR EACH ROW EXECUTE FUNCTION refuse_disowned_sandbox();

-- Whether a sandbox of a node has no row, and none from now on. One whose row names another node is not what that row is about.
CREATE FUNCTION disown_sandbox(sandbox_id TEXT, node_id TEXT, why TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(sandbox_id, 0));
  IF EXISTS (SELECT FROM sandbox WHERE id = sandbox_id AND "nodeId" IS NOT DISTINCT FROM node_id) THEN RETURN FALSE; END IF;
  IF EXISTS (SELECT FROM sandbox WHERE id = sandbox_id) THEN RETURN TRUE; END IF;
  INSERT INTO disowned_sandbox (id, reason) VALUES (sandbox_id, why) ON CONFLICT DO NOTHING;
  RETURN TRUE;
END
$$;

-- Takes back what a creation has made, unless another call goes on with it. The id is known as deleted from then on, and,
-- if `final`, nothing is made under it any more.
CREATE FUNCTION undo_creation(sandbox_id TEXT, by_call TEXT, final BOOLEAN) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(sandbox_id, 0));
  DELETE FROM sandbox WHERE id = sandbox_id AND creation = by_call;
  IF EXISTS (SELECT FROM sandbox WHERE id = sandbox_id) THEN RETURN FALSE; END IF;
  INSERT INTO deleted_sandbox (id) VALUES (sandbox_id) ON CONFLICT DO NOTHING;
  IF final THEN INSERT INTO disowned_sandbox (id, reason) VALUES (sandbox_id, 'undone') ON CONFLICT DO NOTHING; END IF;
  RETURN TRUE;
END
$$;
