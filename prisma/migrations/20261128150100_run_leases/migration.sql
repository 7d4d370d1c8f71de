-- A run that is performed is leased to one server, by the database's clock. `lease` counts how often it was given out:
-- only the holder of the last one may change the run, whatever an earlier holder still believes.
ALTER TABLE run
  ADD COLUMN lease INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "leasedBy" TEXT,
  ADD COLUMN "leaseUntil" TIMESTAMP(3),
  ADD COLUMN "notBefore" TIMESTAMP(3);
CREATE INDEX "run_waiting_idx" ON run ("tenantId", "createdAt", id) WHERE state = 'queued';

-- What the runs of a tenant take and how many there are, over all servers. The row is also the lock under which the
-- tenant's next run is admitted or taken, so that no two servers give the same place away.
ALTER TABLE run_storage RENAME TO run_usage;
ALTER TABLE run_usage RENAME CONSTRAINT "run_storage_pkey" TO "run_usage_pkey";
ALTER TABLE run_usage RENAME CONSTRAINT "run_storage_tenantId_fkey" TO "run_usage_tenantId_fkey";
ALTER TABLE run_usage
  ADD COLUMN queued INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN running INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "servedAt" TIMESTAMP(6);
ALTER TABLE run_usage SET (fillfactor = 50);
UPDATE run_usage SET queued = now.queued, running = now.running FROM (
  SELECT "tenantId", count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'running') AS running
  FROM run WHERE state IN ('queued', 'running') GROUP BY "tenantId") AS now
WHERE now."tenantId" = run_usage."tenantId";
CREATE INDEX "run_usage_waiting_idx" ON run_usage ("tenantId") WHERE queued > 0;

DROP TRIGGER run_stored ON run;
DROP TRIGGER run_result_stored ON run;
DROP TRIGGER runs_deleted ON run;
DROP FUNCTION count_stored_run();
DROP FUNCTION count_deleted_runs();

CREATE FUNCTION count_run() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  more_bytes BIGINT;
  more_queued INTEGER := (NEW.state = 'queued')::INTEGER;
  more_running INTEGER := (NEW.state = 'running')::INTEGER;
BEGIN
  IF TG_OP = 'INSERT' THEN
    more_bytes := stored_bytes(NEW);
  ELSE
    -- Request and metadata do not change, and the request may be long.
    more_bytes := coalesce(octet_length(NEW.result), 0) - coalesce(octet_length(OLD.result), 0);
    more_queued := more_queued - (OLD.state = 'queued')::INTEGER;
    more_running := more_running - (OLD.state = 'running')::INTEGER;
  END IF;
  INSERT INTO run_usage AS usage ("tenantId", bytes, queued, running, "servedAt")
  VALUES (NEW."tenantId", more_bytes, more_queued, more_running,
    CASE WHEN more_running > 0 THEN clock_timestamp() AT TIME ZONE 'UTC' END)
  ON CONFLICT ("tenantId") DO UPDATE SET bytes = usage.bytes + excluded.bytes, queued = usage.queued + excluded.queued,
    running = usage.running + excluded.running, "servedAt" = coalesce(excluded."servedAt", usage."servedAt");
  RETURN NULL;
END
$$;
CREATE TRIGGER run_counted AFTER INSERT ON run FOR EACH ROW EXECUTE FUNCTION count_run();
CREATE TRIGGER run_counted_again AFTER UPDATE ON run FOR EACH ROW
  WHEN (OLD.result IS DISTINCT FROM NEW.result OR OLD.state <> NEW.state) EXECUTE FUNCTION count_run();

-- Many at once, and of many tenants: their counters are locked in the order of their ids, so no two deletions wait for each other.
CREATE FUNCTION count_deleted_runs() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  freed RECORD;
BEGIN
  FOR freed IN SELECT "tenantId", sum(stored_bytes(gone::run)) AS bytes, count(*) FILTER (WHERE state = 'queued') AS queued,
    count(*) FILTER (WHERE state = 'running') AS running FROM gone GROUP BY "tenantId" ORDER BY "tenantId"
  LOOP
    UPDATE run_usage SET bytes = run_usage.bytes - freed.bytes, queued = run_usage.queued - freed.queued,
      running = run_usage.running - freed.running WHERE "tenantId" = freed."tenantId";
  END LOOP;
  RETURN NULL;
END
$$;
CREATE TRIGGER runs_deleted AFTER DELETE ON run REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_runs();

-- Accepts a run. It is leased to `server` at once when that has a place for it, the tenant may have one more under way
-- and none of the tenant's waits; otherwise it is queued. `refused` says why there is none instead. Locks go from the
-- tenant to its counters, as everywhere.
CREATE FUNCTION admit_run(
  run_id TEXT, tenant_id TEXT, language TEXT, template TEXT, request TEXT, metadata JSONB, cases_total INTEGER,
  idempotency_key TEXT, request_hash TEXT, created_by TEXT, callback_url TEXT, server TEXT, lease_seconds INTEGER,
  default_running INTEGER, default_storage_mib BIGINT, max_queued INTEGER)
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
    "requestHash", "createdBy", "callbackUrl", attempt, lease, "leasedBy", "leaseUntil", "createdAt", "startedAt")
  VALUES (run_id, tenant_id, "state", language, template, request, metadata, cases_total, idempotency_key, request_hash,
    created_by, callback_url, starts::INTEGER, starts::INTEGER, CASE WHEN starts THEN server END,
    CASE WHEN starts THEN now_utc + lease_seconds * interval '1 second' END, "createdAt", "startedAt")
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN refused := 'key'; END IF;
  RETURN NEXT;
END
$$;

-- Live output of runs that somebody follows at another server than the one that performs them. What is in it can be
-- lost: the result holds what matters.
CREATE UNLOGGED TABLE run_event (
  "runId" TEXT NOT NULL,
  id BIGINT NOT NULL,
  -- JSON as text; null for the last one, the result, which is in the run.
  event TEXT,
  CONSTRAINT run_event_pkey PRIMARY KEY ("runId", id),
  CONSTRAINT "run_event_runId_fkey" FOREIGN KEY ("runId") REFERENCES run (id) ON DELETE CASCADE ON UPDATE CASCADE
);
