-- The owner of what staff make of the work of a student is `~` and the id of the student: whoever sees the work of that student
-- sees the copy, and the student does not. It counts against the tenant alone (`student_quota` gives such an owner nothing).
CREATE OR REPLACE FUNCTION seen_owners(tenant_id TEXT, user_id TEXT) RETURNS TEXT[] LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN EXISTS (SELECT FROM tenant WHERE id = tenant_id AND "hasClasses") THEN
    ARRAY(
      SELECT user_id UNION
      SELECT unnest(ARRAY[student."userId", '~' || student."userId"]) FROM class_member AS staff
      JOIN class ON class.id = staff."classId" AND class."archivedAt" IS NULL
      JOIN class_member AS student
        ON student."classId" = staff."classId" AND student.role = 'student' AND student."userId" IS NOT NULL
      WHERE staff."tenantId" = tenant_id AND staff."userId" = user_id AND staff.role <> 'student' ORDER BY 1)
  END
$$;

-- Copies that are there already: sandboxes that were made from, or brought back to, a snapshot of a student, forks of a student's
-- sandbox as far as the audit log knows them, and snapshots of all these.
UPDATE sandbox SET "ownerId" = '~' || snapshot."ownerId" FROM snapshot
  WHERE snapshot.id = sandbox."snapshotId" AND snapshot."ownerId" <> '' AND sandbox."ownerId" = ''
    AND snapshot."tenantId" = sandbox."tenantId";
UPDATE sandbox SET "ownerId" = '~' || origin."ownerId"
  FROM audit_event AS event JOIN sandbox AS origin ON origin.id = event.target
  WHERE event.action = 'sandbox.fork' AND event."tenantId" = sandbox."tenantId" AND origin."tenantId" = sandbox."tenantId"
    AND sandbox.id = ANY(string_to_array(event.detail->>'forks', ' ')) AND origin."ownerId" <> '' AND sandbox."ownerId" = '';
UPDATE snapshot SET "ownerId" = sandbox."ownerId" FROM sandbox
  WHERE sandbox.id = snapshot."sandboxId" AND starts_with(sandbox."ownerId", '~') AND snapshot."ownerId" = ''
    AND snapshot."tenantId" = sandbox."tenantId";
UPDATE schedule SET "ownerId" = sandbox."ownerId" FROM sandbox
  WHERE sandbox.id = coalesce(schedule."sandboxId", schedule.source->>'sandbox') AND starts_with(sandbox."ownerId", '~')
    AND schedule."tenantId" = sandbox."tenantId";
