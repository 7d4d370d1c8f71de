-- CreateTable
CREATE TABLE "run" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "status" TEXT,
    "language" TEXT,
    "template" TEXT NOT NULL,
    "request" TEXT NOT NULL,
    "result" TEXT,
    "metadata" JSONB NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "casesPassed" INTEGER,
    "casesTotal" INTEGER,
    "idempotencyKey" TEXT,
    "requestHash" TEXT NOT NULL,
    "createdBy" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMP(3),
    "finishedAt" TIMESTAMP(3),
    "expiresAt" TIMESTAMP(3),
    "callbackUrl" TEXT,
    "callbackAt" TIMESTAMP(3),
    "callbackTries" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "run_tenantId_createdAt_id_idx" ON "run"("tenantId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "run_state_createdAt_idx" ON "run"("state", "createdAt");

-- CreateIndex
CREATE INDEX "run_expiresAt_idx" ON "run"("expiresAt");

-- CreateIndex
CREATE INDEX "run_callbackAt_idx" ON "run"("callbackAt");

-- CreateIndex
CREATE UNIQUE INDEX "run_tenantId_idempotencyKey_key" ON "run"("tenantId", "idempotencyKey");

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;
