-- The disks of sandboxes as they were at one moment. One that is not ready is being taken, or its server died meanwhile.
CREATE TABLE snapshot (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  name TEXT NOT NULL,
  "sandboxId" TEXT NOT NULL,
  "sandboxName" TEXT NOT NULL,
  "parentId" TEXT,
  "nodeId" TEXT NOT NULL REFERENCES node (id) ON DELETE RESTRICT ON UPDATE CASCADE,
  template TEXT NOT NULL,
  isolation TEXT NOT NULL,
  limits JSONB NOT NULL,
  "sizeBytes" BIGINT NOT NULL,
  ready BOOLEAN NOT NULL DEFAULT false,
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT snapshot_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX "snapshot_tenantId_name_key" ON snapshot ("tenantId", name);
CREATE INDEX "snapshot_tenantId_createdAt_id_idx" ON snapshot ("tenantId", "createdAt", id);
CREATE INDEX "snapshot_nodeId_idx" ON snapshot ("nodeId");

-- Without a row and without this no snapshot is deleted on a node.
CREATE TABLE deleted_snapshot (
  id TEXT NOT NULL,
  "deletedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT deleted_snapshot_pkey PRIMARY KEY (id)
);
CREATE FUNCTION remember_deleted_snapshot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deleted_snapshot (id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER remember_deleted_snapshot AFTER DELETE ON snapshot
  FOR EACH ROW EXECUTE FUNCTION remember_deleted_snapshot();

-- What a sandbox was made from, or was brought back to last.
ALTER TABLE sandbox ADD COLUMN "snapshotId" TEXT;

-- As before, and snapshots hold disk.
CREATE OR REPLACE FUNCTION held_by(tenant_id TEXT, besides TEXT)
RETURNS TABLE ("sandboxes" INTEGER, "cpus" FLOAT8, "memoryMiB" FLOAT8, "diskMiB" FLOAT8, "pids" FLOAT8)
LANGUAGE sql STABLE AS $$
  SELECT count(*)::INTEGER,
    coalesce(sum((limits->>'cpus')::FLOAT8) FILTER (WHERE awake), 0),
    coalesce(sum((limits->>'memoryMiB')::FLOAT8) FILTER (WHERE awake), 0),
    coalesce(sum((limits->>'diskMiB')::FLOAT8), 0) + (
      SELECT coalesce(sum(ceil("sizeBytes" / 1048576.0)), 0)::FLOAT8 FROM snapshot WHERE "tenantId" = tenant_id
    ),
    coalesce(sum((limits->>'pids')::FLOAT8) FILTER (WHERE awake), 0)
  FROM (
    SELECT limits, state IN ('creating', 'running', 'paused') AS awake
    FROM sandbox WHERE "tenantId" = tenant_id AND "deletedAt" IS NULL AND id <> besides) AS live
$$;
