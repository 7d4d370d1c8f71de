-- Exams (docs/decisions/0118-exams-are-closed-where-permissions-are-decided.md). An assignment that is one has a window in time.
ALTER TABLE assignment ADD COLUMN exam JSONB;
CREATE INDEX assignment_exam_idx ON assignment ("classId") WHERE exam IS NOT NULL;
CREATE INDEX class_student_idx ON class_member ("userId") WHERE role = 'student';

-- A student who has started an exam. Their work is handed in at their own end, by whichever server holds the lease.
CREATE TABLE exam_attempt (
  "assignmentId" TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "startedAt" TIMESTAMP(3) NOT NULL,
  state TEXT NOT NULL DEFAULT 'open',
  "collectedFor" TIMESTAMP(3),
  outcome TEXT,
  message TEXT,
  "submissionId" TEXT,
  lease INTEGER NOT NULL DEFAULT 0,
  "leaseUntil" TIMESTAMP(3),
  tries INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT exam_attempt_pkey PRIMARY KEY ("assignmentId", "userId"),
  CONSTRAINT "exam_attempt_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "exam_attempt_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "exam_attempt_userId_idx" ON exam_attempt ("userId");
CREATE INDEX exam_attempt_open_idx ON exam_attempt ("assignmentId") WHERE state <> 'done';

-- What happened in exams: rows are added, and go with the assignment or the account.
CREATE TABLE exam_event (
  id BIGSERIAL NOT NULL,
  "tenantId" TEXT NOT NULL,
  "assignmentId" TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  at TIMESTAMP(3) NOT NULL,
  type TEXT NOT NULL,
  "toldBy" TEXT NOT NULL,
  detail JSONB NOT NULL DEFAULT '{}',
  CONSTRAINT exam_event_pkey PRIMARY KEY (id),
  CONSTRAINT "exam_event_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "exam_event_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "exam_event_assignmentId_id_idx" ON exam_event ("assignmentId", id);
CREATE INDEX "exam_event_assignmentId_userId_id_idx" ON exam_event ("assignmentId", "userId", id);
CREATE INDEX "exam_event_userId_idx" ON exam_event ("userId");

-- Exams of people: those of the classes that they are students of, and those that they have started, also after they have left the
-- class. `opensMs` and `endsMs`: from now, by the clock of the database; the end is their own. `live`: it takes place.
CREATE FUNCTION exams_of(user_ids TEXT[])
RETURNS TABLE ("userId" TEXT, "assignmentId" TEXT, "tenantId" TEXT, "opensMs" FLOAT8, "endsMs" FLOAT8, live BOOLEAN, started BOOLEAN)
LANGUAGE sql STABLE AS $$
  WITH one AS (
    SELECT place."userId", task.id AS task FROM class_member AS place
    JOIN assignment AS task ON task."classId" = place."classId" AND task.exam IS NOT NULL AND task.published
    WHERE place."userId" = ANY(user_ids) AND place.role = 'student'
    UNION
    SELECT attempt."userId", task.id FROM exam_attempt AS attempt
    JOIN assignment AS task ON task.id = attempt."assignmentId" AND task.exam IS NOT NULL
    WHERE attempt."userId" = ANY(user_ids)
  )
  SELECT one."userId", task.id, task."tenantId",
    extract(epoch FROM task."opensAt" - clock_timestamp() AT TIME ZONE 'UTC')::FLOAT8 * 1000,
    extract(epoch FROM greatest(task."dueAt", more."dueAt") - clock_timestamp() AT TIME ZONE 'UTC')::FLOAT8 * 1000,
    task.published AND class."archivedAt" IS NULL,
    attempt."userId" IS NOT NULL
  FROM one JOIN assignment AS task ON task.id = one.task JOIN class ON class.id = task."classId"
  LEFT JOIN class_member AS place ON place."classId" = task."classId" AND place."userId" = one."userId"
  LEFT JOIN assignment_extension AS more ON more."assignmentId" = task.id AND more."studentId" = place.id
  LEFT JOIN exam_attempt AS attempt ON attempt."assignmentId" = task.id AND attempt."userId" = one."userId"
  WHERE task."opensAt" IS NOT NULL AND task."dueAt" IS NOT NULL
$$;

-- Whom a change concerns is looked up again at all servers.
CREATE TRIGGER tell_exam_changed AFTER UPDATE ON assignment FOR EACH ROW
  WHEN ((OLD.exam IS NOT NULL OR NEW.exam IS NOT NULL) AND (OLD.exam IS DISTINCT FROM NEW.exam
    OR OLD.published <> NEW.published OR OLD."classId" <> NEW."classId"
    OR OLD."opensAt" IS DISTINCT FROM NEW."opensAt" OR OLD."dueAt" IS DISTINCT FROM NEW."dueAt"))
  EXECUTE FUNCTION tell_tenant_access();
CREATE TRIGGER tell_exam_made AFTER INSERT ON assignment FOR EACH ROW
  WHEN (NEW.exam IS NOT NULL AND NEW.published) EXECUTE FUNCTION tell_tenant_access();
CREATE TRIGGER tell_exam_deleted AFTER DELETE ON assignment FOR EACH ROW
  WHEN (OLD.exam IS NOT NULL) EXECUTE FUNCTION tell_tenant_access();
CREATE FUNCTION tell_extension() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('cloche', jsonb_build_object('type', 'access', 'tenantId', task."tenantId")::TEXT)
  FROM assignment AS task WHERE task.id = coalesce(NEW."assignmentId", OLD."assignmentId") AND task.exam IS NOT NULL;
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_extension AFTER INSERT OR UPDATE OR DELETE ON assignment_extension
  FOR EACH ROW EXECUTE FUNCTION tell_extension();
CREATE FUNCTION tell_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('cloche', jsonb_build_object('type', 'access', 'userId', NEW."userId")::TEXT);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_attempt AFTER INSERT ON exam_attempt FOR EACH ROW EXECUTE FUNCTION tell_attempt();
