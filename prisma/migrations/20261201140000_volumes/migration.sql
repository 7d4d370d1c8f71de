-- Named disks that sandboxes mount, and snapshots of them. One that is not ready is being made, or its server died meanwhile.
CREATE TABLE volume (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  name TEXT NOT NULL,
  "ofId" TEXT,
  "ofName" TEXT,
  "nodeId" TEXT NOT NULL REFERENCES node (id) ON DELETE RESTRICT ON UPDATE CASCADE,
  "sizeMiB" INTEGER NOT NULL,
  ready BOOLEAN NOT NULL DEFAULT false,
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT volume_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX "volume_tenantId_name_key" ON volume ("tenantId", name) WHERE ("ofId" IS NULL);
CREATE INDEX "volume_tenantId_createdAt_id_idx" ON volume ("tenantId", "createdAt", id);
CREATE INDEX "volume_nodeId_idx" ON volume ("nodeId");

-- Without a row and without this no volume is deleted on a node.
CREATE TABLE deleted_volume (
  id TEXT NOT NULL,
  "deletedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT deleted_volume_pkey PRIMARY KEY (id)
);
CREATE FUNCTION remember_deleted_volume() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deleted_volume (id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER remember_deleted_volume AFTER DELETE ON volume
  FOR EACH ROW EXECUTE FUNCTION remember_deleted_volume();

ALTER TABLE sandbox ADD COLUMN volumes JSONB;

-- A volume that is being deleted is mounted by nobody new: both lock the row of the tenant first.
CREATE FUNCTION check_sandbox_volumes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM jsonb_array_elements(NEW.volumes) AS mount WHERE NOT EXISTS (
      SELECT FROM volume
      WHERE id = mount->>'volume' AND "tenantId" = NEW."tenantId" AND ready AND "ofId" IS NULL
    )
  ) THEN
    RAISE EXCEPTION 'a volume of sandbox % is gone', NEW.id USING ERRCODE = 'CL003';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER check_sandbox_volumes BEFORE INSERT ON sandbox
  FOR EACH ROW WHEN (NEW.volumes IS NOT NULL) EXECUTE FUNCTION check_sandbox_volumes();

-- As before, and volumes and their snapshots hold disk.
CREATE OR REPLACE FUNCTION held_by(tenant_id TEXT, besides TEXT)
RETURNS TABLE ("sandboxes" INTEGER, "cpus" FLOAT8, "memoryMiB" FLOAT8, "diskMiB" FLOAT8, "pids" FLOAT8)
LANGUAGE sql STABLE AS $$
  SELECT count(*)::INTEGER,
    coalesce(sum((limits->>'cpus')::FLOAT8) FILTER (WHERE awake), 0),
    coalesce(sum((limits->>'memoryMiB')::FLOAT8) FILTER (WHERE awake), 0),
    coalesce(sum((limits->>'diskMiB')::FLOAT8), 0) + (
      SELECT coalesce(sum(ceil("sizeBytes" / 1048576.0)), 0)::FLOAT8 FROM snapshot WHERE "tenantId" = tenant_id
    ) + (
      SELECT coalesce(sum("sizeMiB"), 0)::FLOAT8 FROM volume WHERE "tenantId" = tenant_id
    ) + (
      SELECT coalesce(sum(ceil("sizeBytes" / 1048576.0)), 0)::FLOAT8 FROM template WHERE "tenantId" = tenant_id
    ),
    coalesce(sum((limits->>'pids')::FLOAT8) FILTER (WHERE awake), 0)
  FROM (
    SELECT limits, state IN ('creating', 'running', 'paused') AS awake
    FROM sandbox WHERE "tenantId" = tenant_id AND "deletedAt" IS NULL AND id <> besides) AS live
$$;
