-- Templates of one tenant. One that is not ready is being made, or its server died meanwhile: then it goes.
CREATE TABLE template (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  name TEXT NOT NULL,
  "nodeId" TEXT NOT NULL REFERENCES node (id) ON DELETE RESTRICT ON UPDATE CASCADE,
  source TEXT NOT NULL,
  digest TEXT,
  "sizeBytes" BIGINT NOT NULL DEFAULT 0,
  made JSONB,
  ready BOOLEAN NOT NULL DEFAULT false,
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "touchedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT template_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX "template_tenantId_name_key" ON template ("tenantId", name) WHERE (ready = true);
CREATE INDEX "template_tenantId_createdAt_idx" ON template ("tenantId", "createdAt");
CREATE INDEX "template_nodeId_idx" ON template ("nodeId");

-- Without a row and without this no template of a tenant is deleted on a node.
CREATE TABLE deleted_template (
  id TEXT NOT NULL,
  "deletedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT deleted_template_pkey PRIMARY KEY (id)
);
CREATE FUNCTION remember_deleted_template() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deleted_template (id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER remember_deleted_template AFTER DELETE ON template
  FOR EACH ROW EXECUTE FUNCTION remember_deleted_template();

-- Servers keep the templates of tenants in memory.
CREATE FUNCTION tell_templates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('cloche', json_build_object('type', 'templates', 'id', coalesce(NEW."tenantId", OLD."tenantId"))::TEXT);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_templates AFTER INSERT OR DELETE OR UPDATE OF ready, made ON template
  FOR EACH ROW EXECUTE FUNCTION tell_templates();

-- What a sandbox was made from, and a snapshot with it.
ALTER TABLE sandbox ADD COLUMN "templateId" TEXT;
ALTER TABLE snapshot ADD COLUMN "templateId" TEXT;

-- As before, and templates hold disk.
CREATE OR REPLACE FUNCTION held_by(tenant_id TEXT, besides TEXT)
RETURNS TABLE ("sandboxes" INTEGER, "cpus" FLOAT8, "memoryMiB" FLOAT8, "diskMiB" FLOAT8, "pids" FLOAT8)
LANGUAGE sql STABLE AS $$
  SELECT count(*)::INTEGER,
    coalesce(sum((limits->>'cpus')::FLOAT8) FILTER (WHERE awake), 0),
    coalesce(sum((limits->>'memoryMiB')::FLOAT8) FILTER (WHERE awake), 0),
    coalesce(sum((limits->>'diskMiB')::FLOAT8), 0) + (
      SELECT coalesce(sum(ceil("sizeBytes" / 1048576.0)), 0)::FLOAT8 FROM snapshot WHERE "tenantId" = tenant_id
    ) + (
      SELECT coalesce(sum(ceil("sizeBytes" / 1048576.0)), 0)::FLOAT8 FROM template WHERE "tenantId" = tenant_id
    ),
    coalesce(sum((limits->>'pids')::FLOAT8) FILTER (WHERE awake), 0)
  FROM (
    SELECT limits, state IN ('creating', 'running', 'paused') AS awake
    FROM sandbox WHERE "tenantId" = tenant_id AND "deletedAt" IS NULL AND id <> besides) AS live
$$;
