-- What is done again and again at times of day: a sandbox is kept as a snapshot, woken or stopped, a template made anew.
CREATE TABLE schedule (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  name TEXT NOT NULL,
  action TEXT NOT NULL,
  "sandboxId" TEXT REFERENCES sandbox (id) ON DELETE CASCADE ON UPDATE CASCADE,
  template TEXT,
  source JSONB,
  cron TEXT NOT NULL,
  "timeZone" TEXT NOT NULL,
  keep INTEGER,
  enabled BOOLEAN NOT NULL DEFAULT true,
  "nextAt" TIMESTAMP(3),
  "lastAt" TIMESTAMP(3),
  "lastOutcome" TEXT,
  "lastMessage" TEXT,
  "buildId" TEXT,
  "dueAt" TIMESTAMP(3),
  attempt INTEGER NOT NULL DEFAULT 0,
  lease INTEGER NOT NULL DEFAULT 0,
  "leaseUntil" TIMESTAMP(3),
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT schedule_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX "schedule_tenantId_name_key" ON schedule ("tenantId", name);
CREATE INDEX "schedule_tenantId_createdAt_id_idx" ON schedule ("tenantId", "createdAt", id);
CREATE INDEX "schedule_sandboxId_idx" ON schedule ("sandboxId");
CREATE INDEX "schedule_nextAt_idx" ON schedule ("nextAt");

-- Those of a sandbox go with it. Who makes one locks the row of the sandbox first.
CREATE FUNCTION forget_schedules_of_sandbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM schedule WHERE "sandboxId" = NEW.id;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_schedules_of_sandbox AFTER UPDATE OF "deletedAt" ON sandbox
  FOR EACH ROW WHEN (OLD."deletedAt" IS NULL AND NEW."deletedAt" IS NOT NULL)
  EXECUTE FUNCTION forget_schedules_of_sandbox();

-- By which schedule it was taken, which removes it when it has enough newer ones; null: it stays until somebody deletes it.
ALTER TABLE snapshot ADD COLUMN "scheduleId" TEXT REFERENCES schedule (id) ON DELETE SET NULL ON UPDATE CASCADE;
CREATE INDEX "snapshot_scheduleId_idx" ON snapshot ("scheduleId");
