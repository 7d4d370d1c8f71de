-- How submissions are graded; what it leaves out is as by default.
ALTER TABLE assignment ADD COLUMN grading JSONB NOT NULL DEFAULT '{}';

-- One time that the tests of an assignment are run with a submission: the row is the job, leased like a run, and the result. Each is
-- kept; of one submission one waits or runs at a time.
CREATE TABLE grading (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "submissionId" TEXT NOT NULL,
  state TEXT NOT NULL,
  points DOUBLE PRECISION,
  "maxPoints" DOUBLE PRECISION,
  tests TEXT,
  message TEXT,
  attempt INTEGER NOT NULL DEFAULT 0,
  lease INTEGER NOT NULL DEFAULT 0,
  "leasedBy" TEXT,
  "leaseUntil" TIMESTAMP(3),
  "notBefore" TIMESTAMP(3),
  "createdBy" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "finishedAt" TIMESTAMP(3),
  CONSTRAINT grading_pkey PRIMARY KEY (id),
  CONSTRAINT "grading_submissionId_fkey" FOREIGN KEY ("submissionId") REFERENCES submission(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "grading_submissionId_createdAt_id_idx" ON grading ("submissionId", "createdAt", id);
CREATE INDEX "grading_state_createdAt_idx" ON grading (state, "createdAt");
CREATE UNIQUE INDEX grading_open_idx ON grading ("submissionId") WHERE state IN ('queued', 'running');

-- Points that a person gave a student, in the place of those of the tests; null takes them back. The last one counts, all are kept.
CREATE TABLE grade (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "assignmentId" TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  points DOUBLE PRECISION,
  comment TEXT NOT NULL,
  by TEXT NOT NULL,
  at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT grade_pkey PRIMARY KEY (id),
  CONSTRAINT "grade_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "grade_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "grade_assignmentId_userId_at_idx" ON grade ("assignmentId", "userId", at);
CREATE INDEX "grade_userId_idx" ON grade ("userId");
