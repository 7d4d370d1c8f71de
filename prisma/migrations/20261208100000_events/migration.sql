-- What happens in tenants, for whoever follows it and for webhooks. Whoever causes an event writes it to the outbox, in the
-- transaction of what it tells. It gets its position only when that is committed (`place_events`): under one lock, so no
-- position becomes visible after a greater one. No table of these has a foreign key to the tenant: what writes to them
-- would wait for whoever has locked the row of the tenant.
CREATE TABLE event_outbox (
  number BIGSERIAL NOT NULL,
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "ownerId" TEXT NOT NULL DEFAULT '',
  "classId" TEXT,
  "assignmentId" TEXT,
  type TEXT NOT NULL,
  at TIMESTAMP(3) NOT NULL,
  data JSONB NOT NULL,
  CONSTRAINT event_outbox_pkey PRIMARY KEY (number)
);

CREATE TABLE event (
  position BIGINT NOT NULL,
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "ownerId" TEXT NOT NULL DEFAULT '',
  "classId" TEXT,
  "assignmentId" TEXT,
  type TEXT NOT NULL,
  at TIMESTAMP(3) NOT NULL,
  data JSONB NOT NULL,
  CONSTRAINT event_pkey PRIMARY KEY (position)
);
CREATE INDEX "event_tenantId_position_idx" ON event ("tenantId", position);
CREATE INDEX event_at_idx ON event (at);
CREATE INDEX event_quota_idx ON event ("tenantId", "ownerId", at) WHERE type = 'quota.reached';

-- The last position that was given. There is one row, and it is the lock.
CREATE TABLE event_clock (
  key INTEGER NOT NULL DEFAULT 1,
  position BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT event_clock_pkey PRIMARY KEY (key)
);
INSERT INTO event_clock DEFAULT VALUES;

-- Up to which position events of a tenant were forgotten.
CREATE TABLE event_horizon (
  "tenantId" TEXT NOT NULL,
  position BIGINT NOT NULL,
  CONSTRAINT event_horizon_pkey PRIMARY KEY ("tenantId")
);

-- Where a tenant wants its events sent. Secrets are sealed (`server/transfers/sealing.ts`).
CREATE TABLE webhook (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  types TEXT[],
  enabled BOOLEAN NOT NULL DEFAULT true,
  problem TEXT,
  "failingSince" TIMESTAMP(3),
  secret BYTEA NOT NULL,
  "oldSecret" BYTEA,
  "oldSecretUntil" TIMESTAMP(3),
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT webhook_pkey PRIMARY KEY (id),
  CONSTRAINT "webhook_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "webhook_tenantId_createdAt_id_idx" ON webhook ("tenantId", "createdAt", id);

-- One event on its way to one webhook: leased while a server sends it. `dueAt` is null when nothing is to be sent any more.
CREATE TABLE webhook_delivery (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "webhookId" TEXT NOT NULL,
  position BIGINT NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending',
  tries INTEGER NOT NULL DEFAULT 0,
  "dueAt" TIMESTAMP(3),
  lease INTEGER NOT NULL DEFAULT 0,
  "leaseUntil" TIMESTAMP(3),
  "triedAt" TIMESTAMP(3),
  status INTEGER,
  error TEXT,
  answer TEXT,
  CONSTRAINT webhook_delivery_pkey PRIMARY KEY (id),
  CONSTRAINT "webhook_delivery_webhookId_fkey" FOREIGN KEY ("webhookId") REFERENCES webhook(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT webhook_delivery_position_fkey FOREIGN KEY (position) REFERENCES event(position) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "webhook_delivery_webhookId_position_key" ON webhook_delivery ("webhookId", position);
CREATE INDEX webhook_delivery_position_idx ON webhook_delivery (position);
CREATE INDEX webhook_delivery_due_idx ON webhook_delivery ("tenantId", "dueAt") WHERE "dueAt" IS NOT NULL;
CREATE INDEX webhook_delivery_leased_idx ON webhook_delivery ("tenantId") WHERE "leaseUntil" IS NOT NULL;

CREATE FUNCTION note_event(tenant_id TEXT, owner_id TEXT, class_id TEXT, assignment_id TEXT, event_type TEXT, event_data JSONB)
RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO event_outbox (id, "tenantId", "ownerId", "classId", "assignmentId", type, at, data)
  VALUES ('ev_' || substr(replace(gen_random_uuid()::TEXT, '-', ''), 1, 20), tenant_id, coalesce(owner_id, ''), class_id,
    assignment_id, event_type, clock_timestamp() AT TIME ZONE 'UTC', event_data)
$$;

-- Gives what is committed in the outbox its positions, and makes the deliveries of it. @returns how many there were
CREATE FUNCTION place_events(most INTEGER) RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE
  last BIGINT;
  taken_count INTEGER;
  placed_count INTEGER;
  tenants TEXT[];
BEGIN
  IF NOT EXISTS (SELECT FROM event_outbox) THEN RETURN 0; END IF;
  SELECT position INTO last FROM event_clock WHERE key = 1 FOR UPDATE;
  WITH taken AS (
    DELETE FROM event_outbox WHERE number IN (SELECT number FROM event_outbox ORDER BY number LIMIT most) RETURNING *
  ), placed AS (
    INSERT INTO event (position, id, "tenantId", "ownerId", "classId", "assignmentId", type, at, data)
    SELECT last + row_number() OVER (ORDER BY number), id, "tenantId", "ownerId", "classId", "assignmentId", type, at, data
    FROM taken WHERE EXISTS (SELECT FROM tenant WHERE tenant.id = taken."tenantId")
    RETURNING position, "tenantId", type
  ), due AS (
    INSERT INTO webhook_delivery (id, "tenantId", "webhookId", position, "dueAt")
    SELECT 'wd_' || substr(replace(gen_random_uuid()::TEXT, '-', ''), 1, 20), webhook."tenantId", webhook.id,
      placed.position, clock_timestamp() AT TIME ZONE 'UTC'
    FROM placed JOIN webhook ON webhook."tenantId" = placed."tenantId" AND webhook.enabled
      AND (cardinality(webhook.types) = 0 OR placed.type = ANY(webhook.types))
  )
  SELECT (SELECT count(*) FROM taken), count(*), array_agg(DISTINCT "tenantId") INTO taken_count, placed_count, tenants FROM placed;
  UPDATE event_clock SET position = last + placed_count WHERE key = 1;
  PERFORM pg_notify('cloche', json_build_object('type', 'events', 'id', one)::TEXT) FROM unnest(tenants) AS one;
  RETURN taken_count;
END
$$;

CREATE FUNCTION note_sandbox(one sandbox, event_type TEXT) RETURNS VOID LANGUAGE sql AS $$
  SELECT note_event(one."tenantId", one."ownerId", NULL, one."assignmentId", event_type, jsonb_build_object('sandbox',
    jsonb_build_object('id', one.id, 'name', one.name, 'template', one.template, 'state', one.state, 'failure', one.failure)))
$$;
CREATE FUNCTION note_sandbox_made() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note_sandbox(NEW, 'sandbox.created');
  RETURN NULL;
END
$$;
CREATE TRIGGER note_sandbox_made AFTER INSERT ON sandbox FOR EACH ROW WHEN (NEW.state <> 'deleted')
  EXECUTE FUNCTION note_sandbox_made();
-- `creating` is also one that is being started; when that fails it is as it was, and nothing happened.
CREATE FUNCTION note_sandbox_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  event_type TEXT := CASE
    WHEN NEW.state IN ('deleted', 'failed', 'paused') THEN 'sandbox.' || NEW.state
    WHEN NEW.state = 'stopped' AND OLD.state <> 'creating' THEN 'sandbox.stopped'
    WHEN NEW.state = 'running' AND OLD.state = 'paused' THEN 'sandbox.resumed'
    WHEN NEW.state = 'running' THEN 'sandbox.started'
  END;
BEGIN
  IF event_type IS NOT NULL THEN PERFORM note_sandbox(NEW, event_type); END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER note_sandbox_changed AFTER UPDATE ON sandbox FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state AND OLD.state <> 'deleted') EXECUTE FUNCTION note_sandbox_changed();
-- A creation that fails leaves no row.
CREATE FUNCTION note_sandbox_gone() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  OLD.state := 'deleted';
  PERFORM note_sandbox(OLD, 'sandbox.deleted');
  RETURN NULL;
END
$$;
CREATE TRIGGER note_sandbox_gone AFTER DELETE ON sandbox FOR EACH ROW WHEN (OLD."deletedAt" IS NULL)
  EXECUTE FUNCTION note_sandbox_gone();

CREATE FUNCTION note_run() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note_event(NEW."tenantId", NEW."ownerId", NULL, NULL, CASE TG_OP WHEN 'INSERT' THEN 'run.created' ELSE 'run.finished' END,
    jsonb_build_object('run', jsonb_build_object('id', NEW.id, 'state', NEW.state, 'status', NEW.status, 'language', NEW.language,
      'template', NEW.template, 'casesPassed', NEW."casesPassed", 'casesTotal', NEW."casesTotal")));
  RETURN NULL;
END
$$;
CREATE TRIGGER note_run_made AFTER INSERT ON run FOR EACH ROW EXECUTE FUNCTION note_run();
CREATE TRIGGER note_run_finished AFTER UPDATE ON run FOR EACH ROW
  WHEN (OLD."finishedAt" IS NULL AND NEW."finishedAt" IS NOT NULL) EXECUTE FUNCTION note_run();

CREATE FUNCTION note_build() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note_event(NEW."tenantId", '', NULL, NULL, 'build.finished', jsonb_build_object('build',
    jsonb_build_object('id', NEW.id, 'template', NEW.template, 'status', NEW.status, 'error', left(NEW.error, 500))));
  RETURN NULL;
END
$$;
CREATE TRIGGER note_build AFTER UPDATE ON build FOR EACH ROW
  WHEN (OLD.status = 'running' AND NEW.status <> 'running') EXECUTE FUNCTION note_build();

CREATE FUNCTION note_submission() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  task assignment;
BEGIN
  SELECT * INTO task FROM assignment WHERE id = NEW."assignmentId";
  PERFORM note_event(NEW."tenantId", NEW."userId", task."classId", task.id, 'submission.created', jsonb_build_object(
    'submission', jsonb_build_object('id', NEW.id, 'number', NEW.number),
    'assignment', jsonb_build_object('id', task.id, 'title', task.title), 'class', jsonb_build_object('id', task."classId")));
  RETURN NULL;
END
$$;
CREATE TRIGGER note_submission AFTER INSERT ON submission FOR EACH ROW EXECUTE FUNCTION note_submission();

CREATE FUNCTION forget_events_of_tenant() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM event WHERE "tenantId" = OLD.id;
  DELETE FROM event_outbox WHERE "tenantId" = OLD.id;
  DELETE FROM event_horizon WHERE "tenantId" = OLD.id;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_events_of_tenant AFTER DELETE ON tenant FOR EACH ROW EXECUTE FUNCTION forget_events_of_tenant();
