-- A live lesson of a class: it runs until it is ended, or its time is over. Whom it freezes is here and nowhere else.
CREATE TABLE lesson (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "classId" TEXT NOT NULL,
  "assignmentId" TEXT,
  "startedBy" TEXT NOT NULL,
  "startedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "endsAt" TIMESTAMP(3) NOT NULL,
  "endedAt" TIMESTAMP(3),
  frozen BOOLEAN NOT NULL DEFAULT false,
  CONSTRAINT lesson_pkey PRIMARY KEY (id),
  CONSTRAINT "lesson_classId_fkey" FOREIGN KEY ("classId") REFERENCES class(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "lesson_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE INDEX "lesson_classId_startedAt_id_idx" ON lesson ("classId", "startedAt", id);
CREATE INDEX "lesson_assignmentId_idx" ON lesson ("assignmentId");
-- One at a time.
CREATE UNIQUE INDEX "lesson_classId_key" ON lesson ("classId") WHERE "endedAt" IS NULL;

-- What a lesson knows of one student. Without a row nothing is special about them.
CREATE TABLE lesson_student (
  "lessonId" TEXT NOT NULL,
  "studentId" TEXT NOT NULL,
  "handUpAt" TIMESTAMP(3),
  -- Null: as the lesson.
  frozen BOOLEAN,
  CONSTRAINT lesson_student_pkey PRIMARY KEY ("lessonId", "studentId"),
  CONSTRAINT "lesson_student_lessonId_fkey" FOREIGN KEY ("lessonId") REFERENCES lesson(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "lesson_student_studentId_fkey" FOREIGN KEY ("studentId") REFERENCES class_member(id)
    ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "lesson_student_studentId_idx" ON lesson_student ("studentId");

-- To everybody of the lesson, unless there are rows that say to whom.
CREATE TABLE lesson_message (
  id TEXT NOT NULL,
  "lessonId" TEXT NOT NULL,
  text TEXT NOT NULL,
  "byName" TEXT NOT NULL,
  at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "toAll" BOOLEAN NOT NULL,
  CONSTRAINT lesson_message_pkey PRIMARY KEY (id),
  CONSTRAINT "lesson_message_lessonId_fkey" FOREIGN KEY ("lessonId") REFERENCES lesson(id)
    ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "lesson_message_lessonId_at_id_idx" ON lesson_message ("lessonId", at, id);
CREATE TABLE lesson_message_to (
  "messageId" TEXT NOT NULL,
  "studentId" TEXT NOT NULL,
  CONSTRAINT lesson_message_to_pkey PRIMARY KEY ("messageId", "studentId"),
  CONSTRAINT "lesson_message_to_messageId_fkey" FOREIGN KEY ("messageId") REFERENCES lesson_message(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "lesson_message_to_studentId_fkey" FOREIGN KEY ("studentId") REFERENCES class_member(id)
    ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "lesson_message_to_studentId_idx" ON lesson_message_to ("studentId");

-- The lesson that has paused a sandbox, which is to run again when that does not freeze its student any more.
ALTER TABLE sandbox ADD COLUMN "frozenBy" TEXT;
CREATE INDEX "sandbox_frozenBy_idx" ON sandbox ("frozenBy") WHERE "frozenBy" IS NOT NULL;

-- Whose sandboxes stand still, and by which lesson: the only place that says it.
CREATE VIEW frozen_student AS
  SELECT lesson."tenantId", one."userId", min(lesson.id) AS "lessonId"
  FROM lesson
  JOIN class ON class.id = lesson."classId" AND class."archivedAt" IS NULL
  JOIN class_member AS one ON one."classId" = lesson."classId" AND one.role = 'student' AND one."userId" IS NOT NULL
  LEFT JOIN lesson_student AS said ON said."lessonId" = lesson.id AND said."studentId" = one.id
  WHERE lesson."endedAt" IS NULL AND lesson."endsAt" > now() AT TIME ZONE 'UTC'
    AND coalesce(said.frozen, lesson.frozen)
  GROUP BY lesson."tenantId", one."userId";
