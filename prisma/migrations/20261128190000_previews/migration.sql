-- Who may open a port of a sandbox; without a row only those who may work in it.
CREATE TABLE port_share (
  "sandboxId" TEXT NOT NULL REFERENCES sandbox (id) ON DELETE CASCADE ON UPDATE CASCADE,
  port INTEGER NOT NULL,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  visibility TEXT NOT NULL,
  "expiresAt" TIMESTAMP(3),
  CONSTRAINT port_share_pkey PRIMARY KEY ("sandboxId", port)
);
CREATE INDEX "port_share_tenantId_idx" ON port_share ("tenantId");

-- A code that leads from the platform to a preview, once. `state` is the hash of what that browser was given before.
CREATE TABLE preview_code (
  hash TEXT NOT NULL,
  "sandboxId" TEXT NOT NULL,
  port INTEGER NOT NULL,
  state TEXT NOT NULL,
  "sessionId" TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE ON UPDATE CASCADE,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT preview_code_pkey PRIMARY KEY (hash)
);
CREATE INDEX "preview_code_sessionId_idx" ON preview_code ("sessionId");
CREATE INDEX "preview_code_expiresAt_idx" ON preview_code ("expiresAt");

-- The cookie of one port's origin. It ends with the session that it was made from.
CREATE TABLE preview_session (
  hash TEXT NOT NULL,
  "sandboxId" TEXT NOT NULL,
  port INTEGER NOT NULL,
  "sessionId" TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE ON UPDATE CASCADE,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT preview_session_pkey PRIMARY KEY (hash)
);
CREATE INDEX "preview_session_sessionId_idx" ON preview_session ("sessionId");
CREATE INDEX "preview_session_expiresAt_idx" ON preview_session ("expiresAt");

-- Servers end connections that are not allowed any more.
CREATE FUNCTION tell_port() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  subject CONSTANT JSONB := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
  PERFORM pg_notify('cloche',
    jsonb_build_object('type', 'port', 'id', subject->>'sandboxId', 'port', subject->'port')::TEXT);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_port_changed AFTER INSERT OR UPDATE OR DELETE ON port_share
  FOR EACH ROW EXECUTE FUNCTION tell_port();
