-- Whoever signs in acts for the tenant that they acted for last.
ALTER TABLE "user" ADD COLUMN "lastTenantId" TEXT;
