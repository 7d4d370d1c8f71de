-- The registry of images. Manifests are here; blobs are on the node, and here is whose they are.
CREATE TABLE registry_blob (
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  "nodeId" TEXT NOT NULL REFERENCES node (id) ON DELETE RESTRICT ON UPDATE CASCADE,
  "sizeBytes" BIGINT NOT NULL,
  ready BOOLEAN NOT NULL DEFAULT false,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT registry_blob_pkey PRIMARY KEY ("tenantId", repository, digest)
);
CREATE INDEX "registry_blob_tenantId_digest_idx" ON registry_blob ("tenantId", digest);
CREATE INDEX "registry_blob_nodeId_idx" ON registry_blob ("nodeId");

CREATE TABLE registry_upload (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  repository TEXT NOT NULL,
  "nodeId" TEXT NOT NULL REFERENCES node (id) ON DELETE CASCADE ON UPDATE CASCADE,
  "sizeBytes" BIGINT NOT NULL DEFAULT 0,
  "touchedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT registry_upload_pkey PRIMARY KEY (id)
);
CREATE INDEX "registry_upload_tenantId_idx" ON registry_upload ("tenantId");

CREATE TABLE registry_manifest (
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  "mediaType" TEXT NOT NULL,
  content BYTEA NOT NULL,
  refs TEXT[],
  subject TEXT,
  "artifactType" TEXT,
  annotations JSONB,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT registry_manifest_pkey PRIMARY KEY ("tenantId", repository, digest)
);
CREATE INDEX "registry_manifest_tenantId_repository_subject_idx" ON registry_manifest ("tenantId", repository, subject);

CREATE TABLE registry_tag (
  "tenantId" TEXT NOT NULL,
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest TEXT NOT NULL,
  "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT registry_tag_pkey PRIMARY KEY ("tenantId", repository, tag),
  CONSTRAINT "registry_tag_tenantId_repository_digest_fkey" FOREIGN KEY ("tenantId", repository, digest)
    REFERENCES registry_manifest ("tenantId", repository, digest) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "registry_tag_tenantId_repository_digest_idx" ON registry_tag ("tenantId", repository, digest);

-- Without a row and without this no blob is deleted on a node.
CREATE TABLE deleted_blob (
  "tenantId" TEXT NOT NULL,
  digest TEXT NOT NULL,
  "nodeId" TEXT NOT NULL,
  CONSTRAINT deleted_blob_pkey PRIMARY KEY ("tenantId", digest, "nodeId")
);
CREATE FUNCTION remember_deleted_blob() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deleted_blob ("tenantId", digest, "nodeId") VALUES (OLD."tenantId", OLD.digest, OLD."nodeId") ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER remember_deleted_blob AFTER DELETE ON registry_blob
  FOR EACH ROW EXECUTE FUNCTION remember_deleted_blob();

CREATE FUNCTION registry_mib(tenant_id TEXT) RETURNS FLOAT8 LANGUAGE sql STABLE AS $$
  SELECT (
    coalesce((SELECT sum(ceil(bytes / 1048576.0)) FROM (
      SELECT max("sizeBytes") AS bytes FROM registry_blob WHERE "tenantId" = tenant_id GROUP BY digest) AS blobs), 0)
    + coalesce((SELECT sum(ceil("sizeBytes" / 1048576.0)) FROM registry_upload WHERE "tenantId" = tenant_id), 0)
    + coalesce((SELECT ceil(sum(length(content)) / 1048576.0) FROM registry_manifest WHERE "tenantId" = tenant_id), 0)
  )::FLOAT8
$$;
-- As before, whatever that is, and the registry holds disk.
DO $$
BEGIN
  EXECUTE replace(pg_get_functiondef('held_by(text,text)'::regprocedure),
    'coalesce(sum((limits->>''diskMiB'')::FLOAT8), 0) +',
    'coalesce(sum((limits->>''diskMiB'')::FLOAT8), 0) + registry_mib(tenant_id) +');
  IF position('registry_mib' IN pg_get_functiondef('held_by(text,text)'::regprocedure)) = 0 THEN
    RAISE EXCEPTION 'held_by is not what it was';
  END IF;
END
$$;
