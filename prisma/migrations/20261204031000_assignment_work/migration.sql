-- What a student has of an assignment: one row, so that they have one sandbox for it, whichever servers and browsers begin it.
CREATE TABLE assignment_work (
  id TEXT NOT NULL,
  "assignmentId" TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  "sandboxId" TEXT,
  ready BOOLEAN NOT NULL DEFAULT false,
  "startedAt" TIMESTAMP(3),
  "startHolder" TEXT,
  "startUntil" TIMESTAMP(3),
  steps JSONB NOT NULL DEFAULT '{}',
  "checkedAt" TIMESTAMP(3),
  "checkHolder" TEXT,
  "checkUntil" TIMESTAMP(3),
  CONSTRAINT assignment_work_pkey PRIMARY KEY (id),
  CONSTRAINT "assignment_work_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "assignment_work_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "assignment_work_assignmentId_userId_key" ON assignment_work ("assignmentId", "userId");
CREATE INDEX "assignment_work_userId_idx" ON assignment_work ("userId");

-- What a sandbox was made for.
ALTER TABLE sandbox ADD COLUMN "assignmentId" TEXT;
ALTER TABLE sandbox ADD CONSTRAINT "sandbox_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
  ON DELETE SET NULL ON UPDATE CASCADE;
CREATE INDEX "sandbox_assignmentId_idx" ON sandbox ("assignmentId");
