-- Volumes of a sandbox that exists are changed as those of a new one are given: whoever deletes a volume locks the row of the tenant too.
CREATE TRIGGER check_changed_volumes BEFORE UPDATE OF volumes ON sandbox
  FOR EACH ROW WHEN (NEW.volumes IS NOT NULL AND NEW.volumes IS DISTINCT FROM OLD.volumes)
  EXECUTE FUNCTION check_sandbox_volumes();
