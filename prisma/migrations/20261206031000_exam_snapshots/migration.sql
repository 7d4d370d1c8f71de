-- What students had in their home directory while an exam went on, about every minute in which it changed.
CREATE TABLE exam_snapshot (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "assignmentId" TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  at TIMESTAMP(3) NOT NULL,
  digest TEXT NOT NULL,
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  "newBytes" INTEGER NOT NULL,
  CONSTRAINT exam_snapshot_pkey PRIMARY KEY (id),
  CONSTRAINT "exam_snapshot_assignmentId_userId_fkey" FOREIGN KEY ("assignmentId", "userId")
    REFERENCES exam_attempt("assignmentId", "userId") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "exam_snapshot_assignmentId_userId_at_idx" ON exam_snapshot ("assignmentId", "userId", at);
CREATE TABLE exam_snapshot_file (
  "snapshotId" TEXT NOT NULL,
  position INTEGER NOT NULL,
  "tenantId" TEXT NOT NULL,
  path TEXT NOT NULL,
  executable BOOLEAN NOT NULL,
  target TEXT,
  digest TEXT NOT NULL,
  blob TEXT,
  CONSTRAINT exam_snapshot_file_pkey PRIMARY KEY ("snapshotId", position),
  CONSTRAINT "exam_snapshot_file_snapshotId_fkey" FOREIGN KEY ("snapshotId") REFERENCES exam_snapshot(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "exam_snapshot_file_tenantId_blob_fkey" FOREIGN KEY ("tenantId", blob)
    REFERENCES submission_blob("tenantId", digest) ON DELETE NO ACTION ON UPDATE CASCADE
);
CREATE INDEX "exam_snapshot_file_tenantId_blob_idx" ON exam_snapshot_file ("tenantId", blob);
-- When a server last looked whether there is something to keep.
ALTER TABLE exam_attempt ADD COLUMN "lookedAt" TIMESTAMP(3);
