-- A student is a member who sees only what is their own. `ownerId` is the id of the student whose own something is;
-- empty for what is everybody's of the tenant. It is no foreign key: what a student leaves behind stays apart.
ALTER TABLE sandbox ADD COLUMN "ownerId" TEXT NOT NULL DEFAULT '';
ALTER TABLE snapshot ADD COLUMN "ownerId" TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN "ownerId" TEXT NOT NULL DEFAULT '';

-- Forty students may each have a sandbox of the same name, and none is told what classmates call theirs.
DROP INDEX "sandbox_tenantId_name_key";
CREATE UNIQUE INDEX "sandbox_tenantId_name_key" ON sandbox ("tenantId", "ownerId", name) WHERE "deletedAt" IS NULL;
DROP INDEX "snapshot_tenantId_name_key";
CREATE UNIQUE INDEX "snapshot_tenantId_name_key" ON snapshot ("tenantId", "ownerId", name);

CREATE INDEX "sandbox_ownerId_idx" ON sandbox ("tenantId", "ownerId", "createdAt") WHERE "ownerId" <> '';
CREATE INDEX "run_ownerId_idx" ON run ("tenantId", "ownerId", "createdAt", id) WHERE "ownerId" <> '';

-- A server of the release before says nothing about it.
CREATE FUNCTION owner_is_known() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  NEW."ownerId" := coalesce(NEW."ownerId", '');
  RETURN NEW;
END
$$;
CREATE TRIGGER sandbox_owner_known BEFORE INSERT ON sandbox FOR EACH ROW
  WHEN (NEW."ownerId" IS NULL) EXECUTE FUNCTION owner_is_known();

-- As it was, with the owner.
DROP FUNCTION admit_run(TEXT, TEXT, TEXT, TEXT, TEXT, JSONB, INTEGER, TEXT, TEXT, TEXT, TEXT, TEXT, INTEGER, INTEGER, BIGINT,
  INTEGER);
CREATE FUNCTION admit_run(
  run_id TEXT, tenant_id TEXT, language TEXT, template TEXT, request TEXT, metadata JSONB, cases_total INTEGER,
  idempotency_key TEXT, request_hash TEXT, created_by TEXT, callback_url TEXT, server TEXT, lease_seconds INTEGER,
  default_running INTEGER, default_storage_mib BIGINT, max_queued INTEGER, owner_id TEXT DEFAULT '')
RETURNS TABLE (refused TEXT, "state" TEXT, "createdAt" TIMESTAMP(3), "startedAt" TIMESTAMP(3))
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  quota JSONB;
  is_paused BOOLEAN;
  usage run_usage;
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
  starts := server IS NOT NULL AND usage.queued = 0
    AND usage.running < coalesce((quota->>'runs')::INTEGER, default_running);
  IF NOT starts AND usage.queued >= max_queued THEN refused := 'queue'; RETURN NEXT; RETURN; END IF;
  "state" := CASE WHEN starts THEN 'running' ELSE 'queued' END;
  "createdAt" := now_utc;
  "startedAt" := CASE WHEN starts THEN now_utc END;
  INSERT INTO run (id, "tenantId", state, language, template, request, metadata, "casesTotal", "idempotencyKey",
    "requestHash", "createdBy", "callbackUrl", attempt, lease, "leasedBy", "leaseUntil", "createdAt", "startedAt",
    "ownerId")
  VALUES (run_id, tenant_id, "state", language, template, request, metadata, cases_total, idempotency_key, request_hash,
    created_by, callback_url, starts::INTEGER, starts::INTEGER, CASE WHEN starts THEN server END,
    CASE WHEN starts THEN now_utc + lease_seconds * interval '1 second' END, "createdAt", "startedAt", owner_id)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN refused := 'key'; END IF;
  RETURN NEXT;
END
$$;
