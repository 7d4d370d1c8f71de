-- A share ends with the membership of whoever made it, or with the API key that made it.
ALTER TABLE share
  ADD "memberId" TEXT REFERENCES member (id) ON DELETE CASCADE ON UPDATE CASCADE,
  ADD "keyId" TEXT REFERENCES api_key (id) ON DELETE CASCADE ON UPDATE CASCADE;
UPDATE share SET "memberId" = member.id
FROM member JOIN "user" ON "user".id = member."userId"
WHERE member."tenantId" = share."tenantId" AND "user".email = share."createdBy";
CREATE INDEX "share_memberId_idx" ON share ("memberId");
CREATE INDEX "share_keyId_idx" ON share ("keyId");
