-- Schedules of a sandbox of a student, or rebuilds from one, are seen by whoever sees the work of that student, and run
-- with what whoever changed them last sees by then.
ALTER TABLE schedule ADD COLUMN "ownerId" TEXT NOT NULL DEFAULT '', ADD COLUMN "userId" TEXT, ADD COLUMN "keyId" TEXT;
UPDATE schedule SET "ownerId" = sandbox."ownerId" FROM sandbox
  WHERE sandbox.id = coalesce(schedule."sandboxId", schedule.source->>'sandbox') AND sandbox."tenantId" = schedule."tenantId";
-- Of those that are there, people are known by their address.
UPDATE schedule SET "userId" = member."userId" FROM member JOIN "user" ON "user".id = member."userId"
  WHERE member."tenantId" = schedule."tenantId" AND "user".email = schedule."createdBy";

-- Who shared a port.
ALTER TABLE port_share ADD COLUMN "memberId" TEXT, ADD COLUMN "keyId" TEXT;

-- Whether whoever shared something of a student (a membership, a key, or nobody that is known) sees the work of that
-- student now: a share is worth what its maker may see.
CREATE FUNCTION sharer_sees(tenant_id TEXT, member_id TEXT, key_id TEXT, owner_id TEXT) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
  SELECT owner_id = '' OR coalesce(
    (SELECT CASE maker.role WHEN 'student' THEN false
        WHEN 'member' THEN coalesce(owner_id = ANY(seen_owners(tenant_id, maker."userId")), true) ELSE true END
      FROM member AS maker WHERE maker."tenantId" = tenant_id AND (maker.id = member_id
        OR maker."userId" = (SELECT "createdById" FROM api_key WHERE api_key.id = key_id AND api_key."tenantId" = tenant_id))
      LIMIT 1),
    EXISTS (SELECT FROM api_key WHERE api_key.id = key_id AND api_key."createdById" IS NULL)
      OR (member_id IS NULL AND key_id IS NULL AND coalesce(owner_id = ANY(seen_owners(tenant_id, '')), true)))
$$;
