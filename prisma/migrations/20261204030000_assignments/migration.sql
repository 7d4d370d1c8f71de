-- Assignments of classes. What was given by the clocks of the class stands beside its instant, as it was given.
CREATE TABLE assignment (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "classId" TEXT NOT NULL,
  position INTEGER NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  published BOOLEAN NOT NULL DEFAULT false,
  "opensAt" TIMESTAMP(3),
  "opensLocal" TEXT,
  "dueAt" TIMESTAMP(3),
  "dueLocal" TEXT,
  "latePercent" DOUBLE PRECISION,
  "lateUntil" TIMESTAMP(3),
  "lateLocal" TEXT,
  source JSONB NOT NULL,
  limits JSONB,
  network JSONB NOT NULL,
  "readOnly" JSONB NOT NULL,
  steps JSONB NOT NULL,
  tests JSONB NOT NULL,
  "starterFiles" INTEGER NOT NULL DEFAULT 0,
  "starterBytes" INTEGER NOT NULL DEFAULT 0,
  "hiddenFiles" INTEGER NOT NULL DEFAULT 0,
  "hiddenBytes" INTEGER NOT NULL DEFAULT 0,
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT assignment_pkey PRIMARY KEY (id),
  CONSTRAINT "assignment_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "assignment_classId_fkey" FOREIGN KEY ("classId") REFERENCES class(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "assignment_classId_position_id_idx" ON assignment ("classId", position, id);
CREATE INDEX "assignment_tenantId_idx" ON assignment ("tenantId");

-- Of `kind`: starter, which students get, or hidden, of the tests.
CREATE TABLE assignment_file (
  "assignmentId" TEXT NOT NULL,
  kind TEXT NOT NULL,
  path TEXT NOT NULL,
  executable BOOLEAN NOT NULL DEFAULT false,
  content BYTEA NOT NULL,
  CONSTRAINT assignment_file_pkey PRIMARY KEY ("assignmentId", kind, path),
  CONSTRAINT "assignment_file_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE assignment_extension (
  "assignmentId" TEXT NOT NULL,
  "studentId" TEXT NOT NULL,
  "dueAt" TIMESTAMP(3) NOT NULL,
  "dueLocal" TEXT,
  CONSTRAINT assignment_extension_pkey PRIMARY KEY ("assignmentId", "studentId"),
  CONSTRAINT "assignment_extension_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "assignment_extension_studentId_fkey" FOREIGN KEY ("studentId") REFERENCES class_member(id)
    ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "assignment_extension_studentId_idx" ON assignment_extension ("studentId");
