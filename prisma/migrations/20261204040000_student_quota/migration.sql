-- What one student may have at once: as their classes say, or else the tenant, or else the default. Parts by name; null
-- and parts that are left out say nothing.
ALTER TABLE tenant ADD COLUMN "studentQuota" JSONB;
ALTER TABLE class ADD COLUMN "studentQuota" JSONB;

-- Half of the quota that a tenant begins with, at most.
CREATE FUNCTION default_student_quota() RETURNS JSONB LANGUAGE sql IMMUTABLE AS $$
  SELECT '{"sandboxes": 6, "awake": 3, "cpus": 4, "memoryMiB": 4096, "diskMiB": 10240, "pids": 2048, "snapshots": 10,
    "runs": 2, "queuedRuns": 20, "runStorageMiB": 64}'::JSONB
$$;

-- What the student with this id may have: of each part the most that one of their classes gives, where a class that says
-- nothing gives what the tenant does. Null for what is no student's own: of the tenant, about a student, or of somebody who
-- is one of the staff by now.
CREATE FUNCTION student_quota(tenant_id TEXT, owner_id TEXT) RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN owner_id <> '' AND NOT starts_with(owner_id, '~') AND NOT EXISTS (
    SELECT FROM member WHERE member."tenantId" = tenant_id AND member."userId" = owner_id AND member.role <> 'student'
  ) THEN (
    SELECT jsonb_object_agg(base.part, coalesce((
      SELECT max(coalesce((class."studentQuota"->>base.part)::NUMERIC, base.amount))
      FROM class_member AS student JOIN class ON class.id = student."classId" AND class."archivedAt" IS NULL
      WHERE student."tenantId" = tenant_id AND student."userId" = owner_id AND student.role = 'student'
    ), base.amount))
    FROM (
      SELECT known.key AS part, coalesce((tenant."studentQuota"->>known.key)::NUMERIC, known.value::NUMERIC) AS amount
      FROM tenant, jsonb_each_text(default_student_quota()) AS known WHERE tenant.id = tenant_id
    ) AS base
  ) END
$$;

-- What the runs of one student take, and how many there are, as `run_usage` has it of the tenant, under whose lock it is
-- changed. `most`: how many may be under way at once.
CREATE TABLE run_owner_usage (
  "tenantId" TEXT NOT NULL,
  "ownerId" TEXT NOT NULL,
  bytes BIGINT NOT NULL DEFAULT 0,
  queued INTEGER NOT NULL DEFAULT 0,
  running INTEGER NOT NULL DEFAULT 0,
  most INTEGER NOT NULL DEFAULT 1,
  CONSTRAINT run_owner_usage_pkey PRIMARY KEY ("tenantId", "ownerId"),
  CONSTRAINT "run_owner_usage_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant(id)
    ON DELETE CASCADE ON UPDATE CASCADE
) WITH (fillfactor = 50);
INSERT INTO run_owner_usage ("tenantId", "ownerId", bytes, queued, running, most)
SELECT "tenantId", "ownerId", sum(stored_bytes(run)), count(*) FILTER (WHERE state = 'queued'),
  count(*) FILTER (WHERE state = 'running'),
  coalesce((student_quota("tenantId", "ownerId")->>'runs')::INTEGER, 1)
FROM run WHERE "ownerId" <> '' GROUP BY "tenantId", "ownerId";
CREATE INDEX run_owner_usage_waiting_idx ON run_owner_usage ("tenantId") WHERE queued > 0;
DROP INDEX run_waiting_idx;
CREATE INDEX run_waiting_idx ON run ("tenantId", "ownerId", "createdAt", id) WHERE state = 'queued';

-- As before, and of a student. The counters of the tenant come first: who has these changes the others.
CREATE OR REPLACE FUNCTION count_run() RETURNS TRIGGER LANGUAGE plpgsql AS $$
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
  IF NEW."ownerId" <> '' THEN
    INSERT INTO run_owner_usage AS usage ("tenantId", "ownerId", bytes, queued, running)
    VALUES (NEW."tenantId", NEW."ownerId", more_bytes, more_queued, more_running)
    ON CONFLICT ("tenantId", "ownerId") DO UPDATE SET bytes = usage.bytes + excluded.bytes,
      queued = usage.queued + excluded.queued, running = usage.running + excluded.running;
  END IF;
  RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_deleted_runs() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  freed RECORD;
BEGIN
  -- A tenant comes before its owners: in order, no two deletions wait for each other.
  FOR freed IN SELECT "tenantId", "ownerId", sum(stored_bytes(gone::run)) AS bytes,
    count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'running') AS running
    FROM gone GROUP BY "tenantId", "ownerId" ORDER BY "tenantId", "ownerId"
  LOOP
    UPDATE run_usage SET bytes = run_usage.bytes - freed.bytes, queued = run_usage.queued - freed.queued,
      running = run_usage.running - freed.running WHERE "tenantId" = freed."tenantId";
    IF freed."ownerId" <> '' THEN
      UPDATE run_owner_usage AS usage SET bytes = usage.bytes - freed.bytes, queued = usage.queued - freed.queued,
        running = usage.running - freed.running
      WHERE "tenantId" = freed."tenantId" AND "ownerId" = freed."ownerId";
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;

-- What a student has at this moment, by the names of their quota. What staff keep of their work is not theirs, and what a
-- schedule has taken goes by itself.
CREATE FUNCTION held_by_student(tenant_id TEXT, owner_id TEXT, besides TEXT) RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'sandboxes', count(live.limits), 'awake', count(live.limits) FILTER (WHERE live.awake),
    'cpus', coalesce(sum((live.limits->>'cpus')::NUMERIC) FILTER (WHERE live.awake), 0),
    'memoryMiB', coalesce(sum((live.limits->>'memoryMiB')::NUMERIC) FILTER (WHERE live.awake), 0),
    'diskMiB', coalesce(sum((live.limits->>'diskMiB')::NUMERIC), 0) + (SELECT coalesce(sum(ceil("sizeBytes" / 1048576.0)), 0)
      FROM snapshot WHERE "tenantId" = tenant_id AND "ownerId" = owner_id AND "scheduleId" IS NULL),
    'pids', coalesce(sum((live.limits->>'pids')::NUMERIC) FILTER (WHERE live.awake), 0),
    'snapshots', (SELECT count(*) FROM snapshot
      WHERE "tenantId" = tenant_id AND "ownerId" = owner_id AND "scheduleId" IS NULL)
  ) || coalesce((
    SELECT jsonb_build_object('runs', running, 'queuedRuns', queued, 'runStorageMiB', round(bytes / 1048576.0, 2))
    FROM run_owner_usage WHERE "tenantId" = tenant_id AND "ownerId" = owner_id
  ), '{"runs": 0, "queuedRuns": 0, "runStorageMiB": 0}')
  FROM (
    SELECT limits, state IN ('creating', 'running', 'paused') AS awake FROM sandbox
    WHERE "tenantId" = tenant_id AND "ownerId" = owner_id AND "deletedAt" IS NULL AND id <> besides) AS live
$$;

-- The first part of `wanted` of which a student would have too much: how much one may have, and what is left. Asked in a
-- transaction that has locked the tenant.
CREATE FUNCTION student_shortage(tenant_id TEXT, owner_id TEXT, besides TEXT, wanted JSONB)
RETURNS TABLE (part TEXT, most FLOAT8, "left" FLOAT8, asked FLOAT8) LANGUAGE plpgsql AS $$
DECLARE
  quota CONSTANT JSONB := student_quota(tenant_id, owner_id);
  held JSONB;
BEGIN
  IF quota IS NULL THEN RETURN; END IF;
  held := held_by_student(tenant_id, owner_id, besides);
  RETURN QUERY SELECT one.key, (quota->>one.key)::FLOAT8,
      greatest(0, (quota->>one.key)::NUMERIC - (held->>one.key)::NUMERIC)::FLOAT8, one.value::FLOAT8
    FROM jsonb_each_text(wanted) AS one
    WHERE one.value::NUMERIC > 0 AND (held->>one.key)::NUMERIC + one.value::NUMERIC > (quota->>one.key)::NUMERIC
    ORDER BY one.key LIMIT 1;
END
$$;

-- As before, and within what a student may have.
CREATE OR REPLACE FUNCTION admit_sandbox(made JSONB, entry JSONB)
RETURNS TABLE ("quota" JSONB, "paused" BOOLEAN, "sandboxes" INTEGER, "cpus" FLOAT8, "memoryMiB" FLOAT8,
  "diskMiB" FLOAT8, "pids" FLOAT8)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  wanted CONSTANT JSONB := made->'limits';
  short RECORD;
BEGIN
  IF NOT EXISTS (SELECT FROM node WHERE id = made->>'nodeId' AND NOT cordoned) THEN
    RAISE EXCEPTION 'node % takes no new sandboxes', made->>'nodeId' USING ERRCODE = 'CL001';
  END IF;
  SELECT tenant.quota, tenant.paused INTO "quota", "paused"
  FROM tenant WHERE id = made->>'tenantId' FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT held.* INTO "sandboxes", "cpus", "memoryMiB", "diskMiB", "pids"
  FROM held_by(made->>'tenantId', '') AS held;
  IF NOT "paused" AND coalesce(made->>'ownerId', '') <> '' THEN
    SELECT * INTO short FROM student_shortage(made->>'tenantId', made->>'ownerId', '', jsonb_build_object('sandboxes', 1,
      'awake', 1, 'cpus', wanted->'cpus', 'memoryMiB', wanted->'memoryMiB', 'diskMiB', wanted->'diskMiB', 'pids', wanted->'pids'));
    IF FOUND THEN
      RAISE EXCEPTION 'more than one student may have' USING ERRCODE = 'CL004', DETAIL = row_to_json(short)::TEXT;
    END IF;
  END IF;
  IF NOT "paused" AND "sandboxes" + 1 <= ("quota"->>'sandboxes')::FLOAT8
    AND "cpus" + (wanted->>'cpus')::FLOAT8 <= ("quota"->>'cpus')::FLOAT8
    AND "memoryMiB" + (wanted->>'memoryMiB')::FLOAT8 <= ("quota"->>'memoryMiB')::FLOAT8
    AND "diskMiB" + (wanted->>'diskMiB')::FLOAT8 <= ("quota"->>'diskMiB')::FLOAT8
    AND "pids" + (wanted->>'pids')::FLOAT8 <= ("quota"->>'pids')::FLOAT8
  THEN
    INSERT INTO sandbox SELECT * FROM jsonb_populate_record(null::sandbox, made);
    INSERT INTO audit_event ("tenantId", at, actor, action, target, detail)
    SELECT made->>'tenantId', at, actor, action, made->>'id', detail
    FROM jsonb_populate_record(null::audit_event, entry);
  END IF;
  RETURN NEXT;
END
$$;

-- As before, and within what a student may have. Runs of students that have as many under way as they may keep nobody else's
-- waiting.
CREATE OR REPLACE FUNCTION admit_run(
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
    "ownerId")
  VALUES (run_id, tenant_id, "state", language, template, request, metadata, cases_total, idempotency_key, request_hash,
    created_by, callback_url, starts::INTEGER, starts::INTEGER, CASE WHEN starts THEN server END,
    CASE WHEN starts THEN now_utc + lease_seconds * interval '1 second' END, "createdAt", "startedAt", owner_id)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN refused := 'key'; END IF;
  RETURN NEXT;
END
$$;

-- Takes the next run and leases it to `server`: of the tenant with the fewest under way, and among equals of the one that was
-- served longest ago; in it of the student with the fewest under way who may have more, the oldest that may begin. What is no
-- student's is one more in that line. Everything after the lock of the tenant's counters sees what was committed before it:
-- the bounds hold over all servers.
CREATE FUNCTION take_run(server TEXT, default_running INTEGER, lease_seconds INTEGER)
RETURNS TABLE (taken run, quota JSONB) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  now_utc CONSTANT TIMESTAMP(3) := clock_timestamp() AT TIME ZONE 'UTC';
  lane TEXT;
  next_id TEXT;
BEGIN
  SELECT usage."tenantId", tenant.quota INTO lane, quota FROM run_usage AS usage JOIN tenant ON tenant.id = usage."tenantId"
  WHERE usage.queued > 0 AND NOT tenant.paused AND usage.running < coalesce((tenant.quota->>'runs')::INTEGER, default_running)
    AND (EXISTS (SELECT FROM run WHERE run."tenantId" = usage."tenantId" AND run."ownerId" = '' AND run.state = 'queued'
        AND (run."notBefore" IS NULL OR run."notBefore" <= now_utc))
      OR EXISTS (SELECT FROM run_owner_usage AS line JOIN run ON run."tenantId" = line."tenantId" AND run."ownerId" = line."ownerId"
        WHERE line."tenantId" = usage."tenantId" AND line.queued > 0 AND line.running < line.most AND run.state = 'queued'
          AND (run."notBefore" IS NULL OR run."notBefore" <= now_utc)))
  ORDER BY usage.running, usage."servedAt" NULLS FIRST LIMIT 1 FOR NO KEY UPDATE OF usage;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT waits.id INTO next_id FROM (
      SELECT '' AS "ownerId", 0 AS running
      UNION ALL SELECT line."ownerId", line.running FROM run_owner_usage AS line
        WHERE line."tenantId" = lane AND line.queued > 0 AND line.running < line.most) AS line
    CROSS JOIN LATERAL (
      SELECT run.id, run."createdAt" FROM run WHERE run."tenantId" = lane AND run."ownerId" = line."ownerId" AND run.state = 'queued'
        AND (run."notBefore" IS NULL OR run."notBefore" <= now_utc)
      ORDER BY run."createdAt", run.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS waits
  ORDER BY line.running, waits."createdAt", waits.id LIMIT 1;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE run SET state = 'running', attempt = attempt + 1, lease = lease + 1, "leasedBy" = server,
    "leaseUntil" = now_utc + lease_seconds * interval '1 second', "notBefore" = NULL, "startedAt" = now_utc
  WHERE run.id = next_id RETURNING run.* INTO taken;
  PERFORM pg_notify('cloche', json_build_object('type', 'run', 'id', next_id)::TEXT);
  RETURN NEXT;
END
$$;

-- How many runs of each student may be under way, after the tenant or a class has changed that: what waits already is begun by it.
CREATE FUNCTION refresh_student_runs(tenant_id TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM run_usage WHERE "tenantId" = tenant_id FOR NO KEY UPDATE;
  UPDATE run_owner_usage SET most = coalesce((student_quota("tenantId", "ownerId")->>'runs')::INTEGER, most)
  WHERE "tenantId" = tenant_id AND queued > 0;
END
$$;
