-- When lessons of a class are, by the clocks of its time zone, and what waits in pools for the one that is next.
CREATE TABLE timetable_lesson (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "classId" TEXT NOT NULL,
  day TEXT NOT NULL,
  -- 09:00
  at TEXT NOT NULL,
  minutes INTEGER NOT NULL,
  "assignmentId" TEXT,
  template TEXT,
  -- When the next one begins; it stays until some minutes after that.
  "nextAt" TIMESTAMP(3) NOT NULL,
  -- The beginning of that for which `wanted` was counted. Null: nothing is prepared yet.
  "preparedFor" TIMESTAMP(3),
  wanted INTEGER NOT NULL DEFAULT 0,
  -- [{node, id, template, isolation, memoryMiB, count}]
  held JSONB NOT NULL DEFAULT '[]',
  -- Why fewer wait than are wanted.
  problem TEXT,
  lease INTEGER NOT NULL DEFAULT 0,
  -- No server looks at it before.
  "leaseUntil" TIMESTAMP(3),
  CONSTRAINT timetable_lesson_pkey PRIMARY KEY (id),
  CONSTRAINT "timetable_lesson_classId_fkey" FOREIGN KEY ("classId") REFERENCES class(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "timetable_lesson_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE INDEX "timetable_lesson_classId_idx" ON timetable_lesson ("classId");
CREATE INDEX "timetable_lesson_assignmentId_idx" ON timetable_lesson ("assignmentId");
CREATE INDEX "timetable_lesson_tenantId_idx" ON timetable_lesson ("tenantId");
CREATE INDEX "timetable_lesson_nextAt_idx" ON timetable_lesson ("nextAt");
