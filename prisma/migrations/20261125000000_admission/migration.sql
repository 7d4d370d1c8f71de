-- What a tenant's sandboxes hold together. One that is stopped or failed holds its place and its disk, and nothing else.
CREATE FUNCTION held_by(tenant_id TEXT, besides TEXT)
RETURNS TABLE ("sandboxes" INTEGER, "cpus" FLOAT8, "memoryMiB" FLOAT8, "diskMiB" FLOAT8, "pids" FLOAT8)
LANGUAGE sql STABLE AS $$
  SELECT count(*)::INTEGER,
    coalesce(sum((limits->>'cpus')::FLOAT8) FILTER (WHERE awake), 0),
    coalesce(sum((limits->>'memoryMiB')::FLOAT8) FILTER (WHERE awake), 0),
    coalesce(sum((limits->>'diskMiB')::FLOAT8), 0),
    coalesce(sum((limits->>'pids')::FLOAT8) FILTER (WHERE awake), 0)
  FROM (
    SELECT limits, state IN ('creating', 'running', 'paused') AS awake
    FROM sandbox WHERE "tenantId" = tenant_id AND "deletedAt" IS NULL AND id <> besides) AS live
$$;

-- Inserts a sandbox with its audit entry if its tenant is not paused and has room for it, and says how the tenant stood
-- before. The tenant's row is locked, so of two requests for the last place the second sees the first. A function, for
-- this is done while somebody waits: its statements are planned once for each connection, and take one way.
CREATE FUNCTION admit_sandbox(made JSONB, entry JSONB)
RETURNS TABLE ("quota" JSONB, "paused" BOOLEAN, "sandboxes" INTEGER, "cpus" FLOAT8, "memoryMiB" FLOAT8,
  "diskMiB" FLOAT8, "pids" FLOAT8)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  wanted CONSTANT JSONB := made->'limits';
BEGIN
  SELECT tenant.quota, tenant.paused INTO "quota", "paused"
  FROM tenant WHERE id = made->>'tenantId' FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT held.* INTO "sandboxes", "cpus", "memoryMiB", "diskMiB", "pids"
  FROM held_by(made->>'tenantId', '') AS held;
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
