-- Where sandboxes run. A server registers the runtime beside it by itself; operators add others.
CREATE TABLE "node" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL DEFAULT 'runtime',
    "address" JSONB NOT NULL,
    "endpoint" TEXT NOT NULL,
    "cordoned" BOOLEAN NOT NULL DEFAULT false,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "lastSeenAt" TIMESTAMP(3),
    "unreachableSince" TIMESTAMP(3),
    "lastProblem" TEXT,
    "capacity" JSONB,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "node_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "node_name_key" ON "node"("name");
CREATE UNIQUE INDEX "node_endpoint_key" ON "node"("endpoint");

-- Empty for sandboxes of before: the first server that starts gives them the node beside it.
ALTER TABLE "sandbox" ADD COLUMN "nodeId" TEXT;
ALTER TABLE "sandbox" ADD CONSTRAINT "sandbox_nodeId_fkey"
  FOREIGN KEY ("nodeId") REFERENCES "node"("id") ON DELETE SET NULL ON UPDATE CASCADE;
CREATE INDEX "sandbox_nodeId_deletedAt_idx" ON "sandbox"("nodeId", "deletedAt");
-- While it runs.
ALTER TABLE "run" ADD COLUMN "nodeId" TEXT;

-- As before, and what is new goes to a node that takes new work: servers know of the registry what they have read last.
CREATE OR REPLACE FUNCTION admit_sandbox(made JSONB, entry JSONB)
RETURNS TABLE ("quota" JSONB, "paused" BOOLEAN, "sandboxes" INTEGER, "cpus" FLOAT8, "memoryMiB" FLOAT8,
  "diskMiB" FLOAT8, "pids" FLOAT8)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  wanted CONSTANT JSONB := made->'limits';
BEGIN
  IF NOT EXISTS (SELECT FROM node WHERE id = made->>'nodeId' AND NOT cordoned) THEN
    RAISE EXCEPTION 'node % takes no new sandboxes', made->>'nodeId' USING ERRCODE = 'CL001';
  END IF;
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
