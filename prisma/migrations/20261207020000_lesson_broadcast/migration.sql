-- The terminal that a lesson shows to its students: one at a time, and none when the lesson has ended.
CREATE TABLE lesson_broadcast (
  "lessonId" TEXT NOT NULL,
  "sandboxId" TEXT NOT NULL,
  "terminalId" TEXT NOT NULL,
  -- Null: a key that is no member's.
  "byUserId" TEXT,
  "byName" TEXT NOT NULL,
  at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT lesson_broadcast_pkey PRIMARY KEY ("lessonId"),
  CONSTRAINT "lesson_broadcast_lessonId_fkey" FOREIGN KEY ("lessonId") REFERENCES lesson(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "lesson_broadcast_sandboxId_fkey" FOREIGN KEY ("sandboxId") REFERENCES sandbox(id)
    ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "lesson_broadcast_sandboxId_idx" ON lesson_broadcast ("sandboxId");

-- What students of a class may watch now: the only place that says it. Never a terminal of a student, and none of who may not teach
-- the class any more.
CREATE VIEW shown_terminal AS
  SELECT shown.*, lesson."classId", lesson."endsAt"
  FROM lesson_broadcast AS shown
  JOIN lesson ON lesson.id = shown."lessonId"
  JOIN class ON class.id = lesson."classId" AND class."archivedAt" IS NULL
  JOIN sandbox ON sandbox.id = shown."sandboxId" AND sandbox."deletedAt" IS NULL
    AND sandbox."tenantId" = lesson."tenantId" AND sandbox."ownerId" = ''
  WHERE lesson."endedAt" IS NULL AND lesson."endsAt" > now() AT TIME ZONE 'UTC'
    AND (shown."byUserId" IS NULL OR EXISTS (
      SELECT FROM member WHERE member."tenantId" = lesson."tenantId" AND member."userId" = shown."byUserId"
        AND (member.role IN ('owner', 'admin') OR (member.role = 'member' AND EXISTS (
          SELECT FROM class_member AS one WHERE one."classId" = lesson."classId" AND one."userId" = shown."byUserId"
            AND one.role = 'teacher')))));
