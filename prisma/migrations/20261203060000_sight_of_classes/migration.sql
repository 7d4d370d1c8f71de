-- Members of a tenant that has ever had a class see by their classes: deleting the last one shows nobody more.
ALTER TABLE tenant ADD COLUMN "hasClasses" BOOLEAN NOT NULL DEFAULT false;
UPDATE tenant SET "hasClasses" = true WHERE EXISTS (SELECT FROM class WHERE class."tenantId" = tenant.id);
CREATE FUNCTION remember_classes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tenant SET "hasClasses" = true WHERE id = NEW."tenantId" AND NOT "hasClasses";
  RETURN NULL;
END
$$;
CREATE TRIGGER remember_classes AFTER INSERT ON class FOR EACH ROW EXECUTE FUNCTION remember_classes();

-- The students whose work a member of a tenant sees, who neither owns nor administers it: those of the classes that they
-- teach or assist in and that are not archived; and what is their own, of a time when they were a student. Null while the
-- tenant has had no class: then members see the work of all students.
CREATE OR REPLACE FUNCTION seen_owners(tenant_id TEXT, user_id TEXT) RETURNS TEXT[] LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN EXISTS (SELECT FROM tenant WHERE id = tenant_id AND "hasClasses") THEN
    ARRAY(
      SELECT user_id UNION
      SELECT student."userId" FROM class_member AS staff
      JOIN class ON class.id = staff."classId" AND class."archivedAt" IS NULL
      JOIN class_member AS student
        ON student."classId" = staff."classId" AND student.role = 'student' AND student."userId" IS NOT NULL
      WHERE staff."tenantId" = tenant_id AND staff."userId" = user_id AND staff.role <> 'student' ORDER BY 1)
  END
$$;
CREATE TRIGGER tell_class_archived AFTER UPDATE ON class FOR EACH ROW
  WHEN (OLD."archivedAt" IS DISTINCT FROM NEW."archivedAt") EXECUTE FUNCTION tell_tenant_access();
