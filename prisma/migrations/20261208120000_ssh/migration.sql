-- SSH (docs/decisions/0133-ssh-sessions-are-of-one-sandbox.md): the public keys of people, keys that are good for minutes, and who is connected.
CREATE TABLE ssh_key (
  id TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  name TEXT NOT NULL,
  "publicKey" TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expiresAt" TIMESTAMP(3),
  "lastUsedAt" TIMESTAMP(3),
  CONSTRAINT ssh_key_pkey PRIMARY KEY (id),
  CONSTRAINT "ssh_key_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX ssh_key_fingerprint_key ON ssh_key (fingerprint);
CREATE INDEX "ssh_key_userId_idx" ON ssh_key ("userId");

CREATE TABLE ssh_access (
  fingerprint TEXT NOT NULL,
  "publicKey" TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "userId" TEXT,
  "keyId" TEXT,
  "sandboxId" TEXT NOT NULL,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT ssh_access_pkey PRIMARY KEY (fingerprint, "sandboxId"),
  CONSTRAINT "ssh_access_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "ssh_access_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "ssh_access_keyId_fkey" FOREIGN KEY ("keyId") REFERENCES api_key(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "ssh_access_tenantId_idx" ON ssh_access ("tenantId");
CREATE INDEX "ssh_access_userId_idx" ON ssh_access ("userId");
CREATE INDEX "ssh_access_keyId_idx" ON ssh_access ("keyId");
CREATE INDEX "ssh_access_expiresAt_idx" ON ssh_access ("expiresAt");

CREATE TABLE ssh_session (
  id TEXT NOT NULL,
  hash TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "userId" TEXT,
  "keyId" TEXT,
  "sandboxId" TEXT NOT NULL,
  "sshKeyId" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT ssh_session_pkey PRIMARY KEY (id),
  CONSTRAINT "ssh_session_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "ssh_session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "ssh_session_keyId_fkey" FOREIGN KEY ("keyId") REFERENCES api_key(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "ssh_session_sshKeyId_fkey" FOREIGN KEY ("sshKeyId") REFERENCES ssh_key(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX ssh_session_hash_key ON ssh_session (hash);
CREATE INDEX "ssh_session_tenantId_idx" ON ssh_session ("tenantId");
CREATE INDEX "ssh_session_userId_idx" ON ssh_session ("userId");
CREATE INDEX "ssh_session_keyId_idx" ON ssh_session ("keyId");
CREATE INDEX "ssh_session_sshKeyId_idx" ON ssh_session ("sshKeyId");
CREATE INDEX "ssh_session_expiresAt_idx" ON ssh_session ("expiresAt");

-- What is open ends at once, at every server.
CREATE TRIGGER tell_ssh_session_ended AFTER DELETE ON ssh_session
  FOR EACH ROW EXECUTE FUNCTION tell_access('sessionId', 'id');
