-- Tells every server of what its caches may hold, when the change is committed: server/database/notices.ts listens.

-- What a session, a key or a person may do has changed. A session or key that had expired gives no access that could end.
CREATE FUNCTION tell_access() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  subject CONSTANT JSONB := to_jsonb(OLD);
BEGIN
  IF (subject->>'expiresAt')::TIMESTAMP < now() AT TIME ZONE 'UTC' THEN RETURN NULL; END IF;
  PERFORM pg_notify('cloche', jsonb_build_object('type', 'access', TG_ARGV[0], subject->>TG_ARGV[1])::TEXT);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_session_ended AFTER DELETE ON session
  FOR EACH ROW EXECUTE FUNCTION tell_access('sessionId', 'id');
CREATE TRIGGER tell_session_changed AFTER UPDATE ON session FOR EACH ROW
  WHEN (OLD."activeTenantId" IS DISTINCT FROM NEW."activeTenantId" OR OLD."expiresAt" > NEW."expiresAt")
  EXECUTE FUNCTION tell_access('sessionId', 'id');
CREATE TRIGGER tell_key_deleted AFTER DELETE ON api_key
  FOR EACH ROW EXECUTE FUNCTION tell_access('keyId', 'id');
CREATE TRIGGER tell_key_changed AFTER UPDATE ON api_key FOR EACH ROW
  WHEN (OLD."createdById" IS DISTINCT FROM NEW."createdById" OR OLD.operator <> NEW.operator
    OR OLD."expiresAt" IS DISTINCT FROM NEW."expiresAt")
  EXECUTE FUNCTION tell_access('keyId', 'id');
CREATE TRIGGER tell_member_removed AFTER DELETE ON member
  FOR EACH ROW EXECUTE FUNCTION tell_access('userId', 'userId');
CREATE TRIGGER tell_member_changed AFTER UPDATE ON member FOR EACH ROW
  WHEN (OLD.role <> NEW.role) EXECUTE FUNCTION tell_access('userId', 'userId');
CREATE TRIGGER tell_user_changed AFTER UPDATE ON "user" FOR EACH ROW
  WHEN (OLD.operator <> NEW.operator OR OLD.email <> NEW.email) EXECUTE FUNCTION tell_access('userId', 'id');

-- Quota or pause of a tenant, or a sandbox that is no more.
CREATE FUNCTION tell_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('cloche', jsonb_build_object('type', TG_TABLE_NAME, 'id', OLD.id)::TEXT);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_tenant_changed AFTER UPDATE ON tenant FOR EACH ROW
  WHEN (OLD.quota IS DISTINCT FROM NEW.quota OR OLD.paused <> NEW.paused) EXECUTE FUNCTION tell_row();
CREATE TRIGGER tell_tenant_deleted AFTER DELETE ON tenant FOR EACH ROW EXECUTE FUNCTION tell_row();
CREATE TRIGGER tell_sandbox_deleted AFTER UPDATE ON sandbox FOR EACH ROW
  WHEN (OLD."deletedAt" IS NULL AND NEW."deletedAt" IS NOT NULL) EXECUTE FUNCTION tell_row();
