-- Several sandboxes that a compose file asks for. A server that dies while it starts one leaves "driveAt": another goes on.
CREATE TABLE stack (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  name TEXT NOT NULL,
  compose TEXT NOT NULL,
  plan JSONB NOT NULL,
  "nodeId" TEXT REFERENCES node (id) ON DELETE SET NULL ON UPDATE CASCADE,
  wanted TEXT NOT NULL DEFAULT 'running',
  turn INTEGER NOT NULL DEFAULT 0,
  "driveAt" TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP,
  problem TEXT,
  "wantedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT stack_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX "stack_tenantId_name_key" ON stack ("tenantId", name);
CREATE INDEX "stack_tenantId_createdAt_id_idx" ON stack ("tenantId", "createdAt", id);
CREATE INDEX "stack_driveAt_idx" ON stack ("driveAt");
CREATE INDEX "stack_nodeId_idx" ON stack ("nodeId");

-- The sandbox of a stack that is gone is a sandbox like any other.
ALTER TABLE sandbox
  ADD COLUMN service JSONB,
  ADD COLUMN "stackId" TEXT REFERENCES stack (id) ON DELETE SET NULL ON UPDATE CASCADE;
CREATE INDEX "sandbox_stackId_idx" ON sandbox ("stackId");
