-- With whom a sandbox is shared: by a link, of whose secret only the hash is kept, or with a member of its tenant.
CREATE TABLE share (
  id TEXT NOT NULL,
  "sandboxId" TEXT NOT NULL REFERENCES sandbox (id) ON DELETE CASCADE ON UPDATE CASCADE,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  level TEXT NOT NULL,
  hash TEXT,
  "createdBy" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT share_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX "share_hash_key" ON share (hash);
CREATE INDEX "share_sandboxId_idx" ON share ("sandboxId");
CREATE INDEX "share_tenantId_idx" ON share ("tenantId");
CREATE INDEX "share_expiresAt_idx" ON share ("expiresAt");

-- Who came by it.
CREATE TABLE share_guest (
  "shareId" TEXT NOT NULL REFERENCES share (id) ON DELETE CASCADE ON UPDATE CASCADE,
  "userId" TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE,
  "sandboxId" TEXT NOT NULL,
  "joinedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT share_guest_pkey PRIMARY KEY ("shareId", "userId")
);
CREATE INDEX "share_guest_userId_sandboxId_idx" ON share_guest ("userId", "sandboxId");

-- Servers look again at what guests have open.
CREATE FUNCTION tell_share() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  subject CONSTANT JSONB := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
  PERFORM pg_notify('cloche', jsonb_build_object('type', 'share', 'id', subject->>'sandboxId')::TEXT);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_share_changed AFTER UPDATE OR DELETE ON share
  FOR EACH ROW EXECUTE FUNCTION tell_share();
CREATE TRIGGER tell_share_guest_changed AFTER INSERT OR UPDATE OR DELETE ON share_guest
  FOR EACH ROW EXECUTE FUNCTION tell_share();
