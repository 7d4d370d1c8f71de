-- Who made an API key: it works only while this person is a member of the key's tenant. Null for keys of the installation.
ALTER TABLE api_key ADD COLUMN "createdById" TEXT;

-- Of keys that exist, the audit log knows it.
UPDATE api_key SET "createdById" = creator.id
FROM audit_event, "user" AS creator
WHERE audit_event.action = 'key.create' AND audit_event.target = api_key.id AND creator.email = audit_event.actor;

CREATE INDEX "api_key_createdById_idx" ON api_key ("createdById");
ALTER TABLE api_key ADD CONSTRAINT "api_key_createdById_fkey"
  FOREIGN KEY ("createdById") REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE;
