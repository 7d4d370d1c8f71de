-- The audit log is append-only. Entries go with their tenant, and an operator may archive old ones after
-- `SET cloche.audit_archive = on`, so that no statement of the server or of an extension deletes one by mistake.
CREATE FUNCTION keep_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF current_setting('cloche.audit_archive', true) = 'on' THEN RETURN OLD; END IF;
    -- A cascade: the tenant was deleted before in the same transaction.
    IF OLD."tenantId" IS NOT NULL AND NOT EXISTS (SELECT FROM tenant WHERE id = OLD."tenantId") THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP
    USING HINT = 'To archive old entries: SET cloche.audit_archive = on; DELETE FROM audit_event WHERE …';
END
$$;
CREATE TRIGGER keep_audit_event BEFORE UPDATE OR DELETE ON audit_event
  FOR EACH ROW EXECUTE FUNCTION keep_audit_event();
CREATE TRIGGER keep_audit_events BEFORE TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_event();
