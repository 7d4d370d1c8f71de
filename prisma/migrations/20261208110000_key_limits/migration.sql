-- Limits of API keys, and which key made what.
ALTER TABLE api_key ADD COLUMN limits JSONB, ADD COLUMN "parentId" TEXT;
-- A key that another key made goes with that one.
ALTER TABLE api_key ADD CONSTRAINT "api_key_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES api_key (id)
  ON DELETE CASCADE ON UPDATE CASCADE;
CREATE INDEX "api_key_parentId_idx" ON api_key ("parentId");
ALTER TABLE sandbox ADD COLUMN "keyId" TEXT;
CREATE INDEX "sandbox_keyId_idx" ON sandbox ("keyId") WHERE "keyId" IS NOT NULL;
ALTER TABLE snapshot ADD COLUMN "keyId" TEXT;
ALTER TABLE run ADD COLUMN "keyId" TEXT;
CREATE INDEX "run_keyId_createdAt_id_idx" ON run ("keyId", "createdAt", id) WHERE "keyId" IS NOT NULL;

-- A key with a bound makes no more at once than that. Its row is locked until the transaction ends, so of two requests for the
-- last place, at whichever servers, the second sees the first. One that is gone bounds nothing: whoever has it is not let in.
CREATE FUNCTION bound_key() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  most INTEGER;
  made BIGINT;
BEGIN
  SELECT (limits->>'sandboxes')::INTEGER INTO most FROM api_key WHERE id = NEW."keyId";
  IF most IS NULL THEN RETURN NEW; END IF;
  PERFORM FROM api_key WHERE id = NEW."keyId" FOR NO KEY UPDATE;
  IF TG_TABLE_NAME = 'run' THEN
    SELECT count(*) INTO made FROM run WHERE "keyId" = NEW."keyId" AND state IN ('queued', 'running');
  ELSE
    SELECT count(*) INTO made FROM sandbox WHERE "keyId" = NEW."keyId" AND "deletedAt" IS NULL;
  END IF;
  IF made >= most THEN
    RAISE EXCEPTION 'more than key % may make', NEW."keyId"
      USING ERRCODE = 'CL005', DETAIL = json_build_object('table', TG_TABLE_NAME, 'most', most)::TEXT;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER bound_key_of_sandbox BEFORE INSERT ON sandbox
  FOR EACH ROW WHEN (NEW."keyId" IS NOT NULL) EXECUTE FUNCTION bound_key();
CREATE TRIGGER bound_key_of_run BEFORE INSERT ON run
  FOR EACH ROW WHEN (NEW."keyId" IS NOT NULL) EXECUTE FUNCTION bound_key();

-- As before, and of a key. A server of the version before leaves the last parameter out.
DROP FUNCTION admit_run(TEXT, TEXT, TEXT, TEXT, TEXT, JSONB, INTEGER, TEXT, TEXT, TEXT, TEXT, TEXT, INTEGER, INTEGER, BIGINT,
  INTEGER, TEXT);
CREATE FUNCTION admit_run(
  run_id TEXT, tenant_id TEXT, language TEXT, template TEXT, request TEXT, metadata JSONB, cases_total INTEGER,
  idempotency_key TEXT, request_hash TEXT, created_by TEXT, callback_url TEXT, server TEXT, lease_seconds INTEGER,
  default_running INTEGER, default_storage_mib BIGINT, max_queued INTEGER, owner_id TEXT DEFAULT '', key_id TEXT DEFAULT NULL)
RETURNS TABLE (refused TEXT, "state" TEXT, "createdAt" TIMESTAMP(3), "startedAt" TIMESTAMP(3))
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  quota JSONB;
  is_paused BOOLEAN;
  usage run_usage;
  own JSONB;
  mine run_owner_usage;
  waiting BIGINT;
  starts BOOLEAN;
  now_utc CONSTANT TIMESTAMP(3) := clock_timestamp() AT TIME ZONE 'UTC';
BEGIN
  SELECT tenant.quota, tenant.paused INTO quota, is_paused FROM tenant WHERE id = tenant_id FOR KEY SHARE;
  IF NOT FOUND THEN refused := 'tenant'; RETURN NEXT; RETURN; END IF;
  IF is_paused THEN refused := 'paused'; RETURN NEXT; RETURN; END IF;
  SELECT * INTO usage FROM run_usage WHERE run_usage."tenantId" = tenant_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    INSERT INTO run_usage ("tenantId") VALUES (tenant_id) ON CONFLICT DO NOTHING;
    SELECT * INTO usage FROM run_usage WHERE run_usage."tenantId" = tenant_id FOR NO KEY UPDATE;
  END IF;
  IF usage.bytes + octet_length(request) > coalesce((quota->>'runStorageMiB')::BIGINT, default_storage_mib) * 1048576 THEN
    refused := 'storage'; RETURN NEXT; RETURN;
  END IF;
  waiting := usage.queued;
  IF waiting > 0 THEN
    waiting := waiting - coalesce((SELECT sum(line.queued) FROM run_owner_usage AS line
      WHERE line."tenantId" = tenant_id AND line.queued > 0 AND line.running >= line.most), 0);
  END IF;
  starts := server IS NOT NULL AND waiting = 0
    AND usage.running < coalesce((quota->>'runs')::INTEGER, default_running);
  IF owner_id <> '' THEN own := student_quota(tenant_id, owner_id); END IF;
  IF own IS NOT NULL THEN
    INSERT INTO run_owner_usage ("tenantId", "ownerId", most) VALUES (tenant_id, owner_id, (own->>'runs')::INTEGER)
    ON CONFLICT ON CONSTRAINT run_owner_usage_pkey DO UPDATE SET most = excluded.most RETURNING * INTO mine;
    IF mine.bytes + octet_length(request) > (own->>'runStorageMiB')::BIGINT * 1048576 THEN
      refused := 'own_storage'; RETURN NEXT; RETURN;
    END IF;
    starts := starts AND mine.queued = 0 AND mine.running < mine.most;
    IF NOT starts AND (mine.most = 0 OR mine.queued >= (own->>'queuedRuns')::INTEGER) THEN
      refused := 'own_queue'; RETURN NEXT; RETURN;
    END IF;
  END IF;
  IF NOT starts AND usage.queued >= max_queued THEN refused := 'queue'; RETURN NEXT; RETURN; END IF;
  "state" := CASE WHEN starts THEN 'running' ELSE 'queued' END;
  "createdAt" := now_utc;
  "startedAt" := CASE WHEN starts THEN now_utc END;
  INSERT INTO run (id, "tenantId", state, language, template, request, metadata, "casesTotal", "idempotencyKey",
    "requestHash", "createdBy", "callbackUrl", attempt, lease, "leasedBy", "leaseUntil", "createdAt", "startedAt",
    "ownerId", "keyId")
  VALUES (run_id, tenant_id, "state", language, template, request, metadata, cases_total, idempotency_key, request_hash,
    created_by, callback_url, starts::INTEGER, starts::INTEGER, CASE WHEN starts THEN server END,
    CASE WHEN starts THEN now_utc + lease_seconds * interval '1 second' END, "createdAt", "startedAt", owner_id, key_id)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN refused := 'key'; END IF;
  RETURN NEXT;
END
$$;
