-- Grants of people to programs by OAuth are keys whose secret changes.
ALTER TABLE api_key
  ADD COLUMN client TEXT,
  ADD COLUMN "clientHash" TEXT,
  ADD COLUMN "accessUntil" TIMESTAMP(3),
  ADD COLUMN "refreshHash" TEXT,
  ADD COLUMN "spentHash" TEXT;
CREATE UNIQUE INDEX "api_key_refreshHash_key" ON api_key ("refreshHash");
CREATE INDEX "api_key_spentHash_idx" ON api_key ("spentHash") WHERE "spentHash" IS NOT NULL;

CREATE TABLE oauth_code (
  hash TEXT NOT NULL,
  "keyId" TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  "clientHash" TEXT NOT NULL,
  name TEXT NOT NULL,
  "redirectUri" TEXT NOT NULL,
  challenge TEXT NOT NULL,
  limits JSONB,
  days INTEGER NOT NULL,
  used BOOLEAN NOT NULL DEFAULT false,
  revoked BOOLEAN NOT NULL DEFAULT false,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT oauth_code_pkey PRIMARY KEY (hash),
  CONSTRAINT "oauth_code_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "oauth_code_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "oauth_code_tenantId_idx" ON oauth_code ("tenantId");
CREATE INDEX "oauth_code_userId_idx" ON oauth_code ("userId");
CREATE INDEX "oauth_code_keyId_idx" ON oauth_code ("keyId");
CREATE INDEX "oauth_code_expiresAt_idx" ON oauth_code ("expiresAt");
