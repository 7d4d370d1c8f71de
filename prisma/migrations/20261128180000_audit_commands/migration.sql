-- A tenant may want an entry of each command that is run in its sandboxes.
ALTER TABLE tenant ADD COLUMN "auditCommands" BOOLEAN NOT NULL DEFAULT false;

-- Servers believe what they know of a tenant until they are told.
DROP TRIGGER tell_tenant_changed ON tenant;
CREATE TRIGGER tell_tenant_changed AFTER UPDATE ON tenant FOR EACH ROW
  WHEN (OLD.quota IS DISTINCT FROM NEW.quota OR OLD.paused <> NEW.paused
    OR OLD."auditCommands" <> NEW."auditCommands") EXECUTE FUNCTION tell_row();
