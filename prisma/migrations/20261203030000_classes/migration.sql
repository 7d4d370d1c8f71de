-- Classes of a tenant: who teaches in them and who learns, in sections and groups.
ALTER TABLE "user" ADD COLUMN username TEXT;
CREATE UNIQUE INDEX user_username_key ON "user" (username);
-- The tenant that made an account without an e-mail address. It goes with the tenant, and acts in no other.
ALTER TABLE "user" ADD COLUMN "managedById" TEXT;
ALTER TABLE "user" ADD CONSTRAINT "user_managedById_fkey" FOREIGN KEY ("managedById") REFERENCES tenant(id)
  ON DELETE CASCADE ON UPDATE CASCADE;
CREATE INDEX "user_managedById_idx" ON "user" ("managedById");

CREATE TABLE class (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  name TEXT NOT NULL,
  "timeZone" TEXT NOT NULL,
  "archivedAt" TIMESTAMP(3),
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT class_pkey PRIMARY KEY (id),
  CONSTRAINT "class_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "class_tenantId_createdAt_id_idx" ON class ("tenantId", "createdAt", id);

CREATE TABLE class_part (
  id TEXT NOT NULL,
  "classId" TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  CONSTRAINT class_part_pkey PRIMARY KEY (id),
  CONSTRAINT "class_part_classId_fkey" FOREIGN KEY ("classId") REFERENCES class(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "class_part_classId_kind_name_key" ON class_part ("classId", kind, name);

CREATE TABLE class_member (
  id TEXT NOT NULL,
  "classId" TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "userId" TEXT,
  role TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  number TEXT,
  "sectionId" TEXT,
  "groupId" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "joinedAt" TIMESTAMP(3),
  CONSTRAINT class_member_pkey PRIMARY KEY (id),
  CONSTRAINT "class_member_classId_fkey" FOREIGN KEY ("classId") REFERENCES class(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "class_member_tenantId_userId_fkey" FOREIGN KEY ("tenantId", "userId") REFERENCES member("tenantId", "userId")
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "class_member_sectionId_fkey" FOREIGN KEY ("sectionId") REFERENCES class_part(id) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT "class_member_groupId_fkey" FOREIGN KEY ("groupId") REFERENCES class_part(id) ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "class_member_classId_userId_key" ON class_member ("classId", "userId");
CREATE UNIQUE INDEX "class_member_classId_email_key" ON class_member ("classId", email);
CREATE UNIQUE INDEX "class_member_classId_number_key" ON class_member ("classId", number);
CREATE INDEX "class_member_tenantId_userId_idx" ON class_member ("tenantId", "userId");
CREATE INDEX "class_member_sectionId_idx" ON class_member ("sectionId");
CREATE INDEX "class_member_groupId_idx" ON class_member ("groupId");

ALTER TABLE invitation ADD COLUMN "classId" TEXT, ADD COLUMN "sectionId" TEXT;
ALTER TABLE invitation ADD CONSTRAINT "invitation_classId_fkey" FOREIGN KEY ("classId") REFERENCES class(id)
  ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE invitation ADD CONSTRAINT "invitation_sectionId_fkey" FOREIGN KEY ("sectionId") REFERENCES class_part(id)
  ON DELETE SET NULL ON UPDATE CASCADE;
CREATE INDEX "invitation_classId_idx" ON invitation ("classId");

-- The students whose work a member of a tenant sees, who neither owns nor administers it: those of the classes that they
-- teach or assist in. Null while the tenant has no classes: then members see the work of all students.
CREATE FUNCTION seen_owners(tenant_id TEXT, user_id TEXT) RETURNS TEXT[] LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN EXISTS (SELECT FROM class WHERE class."tenantId" = tenant_id) THEN
    ARRAY(
      SELECT DISTINCT student."userId" FROM class_member AS staff JOIN class_member AS student
        ON student."classId" = staff."classId" AND student.role = 'student' AND student."userId" IS NOT NULL
      WHERE staff."tenantId" = tenant_id AND staff."userId" = user_id AND staff.role <> 'student' ORDER BY 1)
  END
$$;

-- Whose work somebody sees has changed: what servers believe of the tenant's people is looked up again. Notices of one
-- transaction that say the same are one.
CREATE FUNCTION tell_tenant_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('cloche',
    jsonb_build_object('type', 'access', 'tenantId', coalesce(NEW."tenantId", OLD."tenantId"))::TEXT);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_class_changed AFTER INSERT OR DELETE ON class FOR EACH ROW EXECUTE FUNCTION tell_tenant_access();
CREATE TRIGGER tell_class_member_changed AFTER INSERT OR DELETE ON class_member
  FOR EACH ROW EXECUTE FUNCTION tell_tenant_access();
CREATE TRIGGER tell_class_member_moved AFTER UPDATE ON class_member FOR EACH ROW
  WHEN (OLD.role <> NEW.role OR OLD."userId" IS DISTINCT FROM NEW."userId") EXECUTE FUNCTION tell_tenant_access();
