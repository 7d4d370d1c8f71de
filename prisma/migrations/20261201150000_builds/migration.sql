-- Builds of Dockerfiles, with what they have told: a log of some MiB at most.
CREATE TABLE build (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  template TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'running',
  error TEXT,
  target TEXT,
  bases TEXT[],
  canceled BOOLEAN NOT NULL DEFAULT false,
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "endedAt" TIMESTAMP(3),
  "touchedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT build_pkey PRIMARY KEY (id)
);
CREATE INDEX "build_tenantId_createdAt_id_idx" ON build ("tenantId", "createdAt", id);
CREATE INDEX "build_status_touchedAt_idx" ON build (status, "touchedAt");

CREATE TABLE build_event (
  "buildId" TEXT NOT NULL REFERENCES build (id) ON DELETE CASCADE ON UPDATE CASCADE,
  number INTEGER NOT NULL,
  event TEXT NOT NULL,
  CONSTRAINT build_event_pkey PRIMARY KEY ("buildId", number)
);
