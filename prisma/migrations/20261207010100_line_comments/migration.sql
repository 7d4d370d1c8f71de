-- What staff say to a student about a line of what was handed in. It outlives the account of whoever wrote it, and goes with the submission.
CREATE TABLE submission_comment (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "submissionId" TEXT NOT NULL,
  path TEXT NOT NULL,
  line INTEGER NOT NULL,
  text TEXT NOT NULL,
  by TEXT NOT NULL,
  "userId" TEXT,
  at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "changedAt" TIMESTAMP(3),
  CONSTRAINT submission_comment_pkey PRIMARY KEY (id),
  CONSTRAINT "submission_comment_submissionId_fkey" FOREIGN KEY ("submissionId") REFERENCES submission(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "submission_comment_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE INDEX "submission_comment_submissionId_at_idx" ON submission_comment ("submissionId", at);
CREATE INDEX "submission_comment_userId_idx" ON submission_comment ("userId");
