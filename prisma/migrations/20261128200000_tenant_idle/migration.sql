-- When new sandboxes of a tenant are put to sleep, unless somebody says otherwise.
ALTER TABLE tenant ADD COLUMN idle JSONB;

-- Servers believe what they know of a tenant until they are told.
DROP TRIGGER tell_tenant_changed ON tenant;
CREATE TRIGGER tell_tenant_changed AFTER UPDATE ON tenant FOR EACH ROW
  WHEN (OLD.quota IS DISTINCT FROM NEW.quota OR OLD.paused <> NEW.paused
    OR OLD."auditCommands" <> NEW."auditCommands" OR OLD.idle IS DISTINCT FROM NEW.idle)
  EXECUTE FUNCTION tell_row();
