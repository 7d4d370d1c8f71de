-- A link by which a person sets a new password, made by an operator. The secret is in the link only; here is its SHA-256.
CREATE TABLE password_reset (
  id TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  hash TEXT NOT NULL,
  "createdBy" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT password_reset_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX password_reset_hash_key ON password_reset (hash);
-- One link for each person: a new one replaces the one before.
CREATE UNIQUE INDEX "password_reset_userId_key" ON password_reset ("userId");
ALTER TABLE password_reset ADD CONSTRAINT "password_reset_userId_fkey"
  FOREIGN KEY ("userId") REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE;

-- Who invited, for the page that the link opens. Unknown for invitations that were made before.
ALTER TABLE invitation ADD COLUMN "invitedBy" TEXT;
