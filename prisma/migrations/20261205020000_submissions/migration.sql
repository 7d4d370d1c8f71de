-- What students hand in. Contents are stored once in a tenant, by their SHA-256; what no submission names any more is removed by
-- a chore. They are of no tenant's row, so that deleting one need not be done in an order.
CREATE TABLE submission_blob (
  "tenantId" TEXT NOT NULL,
  digest TEXT NOT NULL,
  "sizeBytes" INTEGER NOT NULL,
  content BYTEA NOT NULL,
  CONSTRAINT submission_blob_pkey PRIMARY KEY ("tenantId", digest)
);
CREATE INDEX "submission_blob_tenantId_sizeBytes_idx" ON submission_blob ("tenantId", "sizeBytes");

-- Immutable. It goes with the assignment and with the account, and not with the sandbox or the place in the class.
CREATE TABLE submission (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "assignmentId" TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  "studentName" TEXT NOT NULL,
  number INTEGER NOT NULL,
  at TIMESTAMP(3) NOT NULL,
  digest TEXT NOT NULL,
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  "newBytes" INTEGER NOT NULL,
  "leftOut" JSONB NOT NULL,
  "leftOutCount" INTEGER NOT NULL,
  CONSTRAINT submission_pkey PRIMARY KEY (id),
  CONSTRAINT "submission_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "submission_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "submission_assignmentId_userId_number_key" ON submission ("assignmentId", "userId", number);
CREATE INDEX "submission_assignmentId_at_id_idx" ON submission ("assignmentId", at, id);
CREATE INDEX "submission_tenantId_userId_idx" ON submission ("tenantId", "userId");
CREATE INDEX "submission_userId_idx" ON submission ("userId");

-- A file, or a symbolic link with its target. A path may be longer than what an index holds, so files are numbered.
CREATE TABLE submission_file (
  "submissionId" TEXT NOT NULL,
  position INTEGER NOT NULL,
  "tenantId" TEXT NOT NULL,
  path TEXT NOT NULL,
  executable BOOLEAN NOT NULL,
  target TEXT,
  digest TEXT NOT NULL,
  blob TEXT,
  CONSTRAINT submission_file_pkey PRIMARY KEY ("submissionId", position),
  CONSTRAINT "submission_file_submissionId_fkey" FOREIGN KEY ("submissionId") REFERENCES submission(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "submission_file_tenantId_blob_fkey" FOREIGN KEY ("tenantId", blob) REFERENCES submission_blob("tenantId", digest)
    ON DELETE NO ACTION ON UPDATE CASCADE
);
CREATE INDEX "submission_file_tenantId_blob_idx" ON submission_file ("tenantId", blob);
