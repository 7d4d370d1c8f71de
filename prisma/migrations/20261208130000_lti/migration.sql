-- Learning platforms by LTI 1.3 (docs/decisions/0135-lti-launches-need-no-cookies-of-others.md, 0136-scores-are-rows-with-leases.md).

-- Keys that this installation signs with. The private one is sealed with a key that follows from the secret of the installation.
CREATE TABLE lti_key (
  id TEXT NOT NULL,
  "privateKey" BYTEA NOT NULL,
  "publicKey" JSONB NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT lti_key_pkey PRIMARY KEY (id)
);

CREATE TABLE lti_platform (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  name TEXT NOT NULL,
  issuer TEXT NOT NULL,
  "clientId" TEXT NOT NULL,
  "authUrl" TEXT NOT NULL,
  "tokenUrl" TEXT NOT NULL,
  "jwksUrl" TEXT NOT NULL,
  deployments TEXT[],
  jwks JSONB,
  "jwksAt" TIMESTAMP(3),
  "createdBy" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT lti_platform_pkey PRIMARY KEY (id),
  CONSTRAINT "lti_platform_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "lti_platform_tenantId_issuer_clientId_key" ON lti_platform ("tenantId", issuer, "clientId");

-- Links by which a platform registers itself, once. `hash` is the SHA-256 of the secret in the link.
CREATE TABLE lti_registration (
  hash TEXT NOT NULL,
  "tenantId" TEXT NOT NULL,
  "createdBy" TEXT NOT NULL,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT lti_registration_pkey PRIMARY KEY (hash),
  CONSTRAINT "lti_registration_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "lti_registration_tenantId_idx" ON lti_registration ("tenantId");
CREATE INDEX "lti_registration_expiresAt_idx" ON lti_registration ("expiresAt");

-- SHA-256 of nonces that have come back: each is good once.
CREATE TABLE lti_nonce (
  hash TEXT NOT NULL,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT lti_nonce_pkey PRIMARY KEY (hash)
);
CREATE INDEX "lti_nonce_expiresAt_idx" ON lti_nonce ("expiresAt");

-- Launches whose page is open: what they asked for, until it is done.
CREATE TABLE lti_launch (
  hash TEXT NOT NULL,
  "platformId" TEXT NOT NULL,
  request JSONB NOT NULL,
  "expiresAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT lti_launch_pkey PRIMARY KEY (hash),
  CONSTRAINT "lti_launch_platformId_fkey" FOREIGN KEY ("platformId") REFERENCES lti_platform(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "lti_launch_platformId_idx" ON lti_launch ("platformId");
CREATE INDEX "lti_launch_expiresAt_idx" ON lti_launch ("expiresAt");

-- Accounts of people of platforms, each for one standing: a student of one course may assist in another.
CREATE TABLE lti_account (
  "tenantId" TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  standing TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  CONSTRAINT lti_account_pkey PRIMARY KEY ("tenantId", issuer, subject, standing),
  CONSTRAINT "lti_account_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES tenant(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "lti_account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "lti_account_userId_key" ON lti_account ("userId");

CREATE TABLE lti_course (
  id TEXT NOT NULL,
  "platformId" TEXT NOT NULL,
  deployment TEXT NOT NULL,
  "contextId" TEXT NOT NULL,
  title TEXT NOT NULL,
  "classId" TEXT NOT NULL,
  "membershipsUrl" TEXT,
  "lineItemsUrl" TEXT,
  "boundBy" TEXT NOT NULL,
  "boundAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "syncedAt" TIMESTAMP(3),
  CONSTRAINT lti_course_pkey PRIMARY KEY (id),
  CONSTRAINT "lti_course_platformId_fkey" FOREIGN KEY ("platformId") REFERENCES lti_platform(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "lti_course_classId_fkey" FOREIGN KEY ("classId") REFERENCES class(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "lti_course_platformId_deployment_contextId_key" ON lti_course ("platformId", deployment, "contextId");
CREATE UNIQUE INDEX "lti_course_classId_key" ON lti_course ("classId");

-- Links in a course that lead to an assignment.
CREATE TABLE lti_link (
  id TEXT NOT NULL,
  "courseId" TEXT NOT NULL,
  "resourceLinkId" TEXT NOT NULL,
  "assignmentId" TEXT NOT NULL,
  "lineItemUrl" TEXT,
  "makingUntil" TIMESTAMP(3),
  "lookAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT lti_link_pkey PRIMARY KEY (id),
  CONSTRAINT "lti_link_courseId_fkey" FOREIGN KEY ("courseId") REFERENCES lti_course(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "lti_link_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "lti_link_courseId_resourceLinkId_key" ON lti_link ("courseId", "resourceLinkId");
CREATE INDEX "lti_link_assignmentId_idx" ON lti_link ("assignmentId");
CREATE INDEX "lti_link_lookAt_idx" ON lti_link ("lookAt");

-- What the platform is to be told of one person for one link: the newest only.
CREATE TABLE lti_score (
  "linkId" TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  points DOUBLE PRECISION,
  "maxPoints" DOUBLE PRECISION NOT NULL,
  comment TEXT NOT NULL,
  state TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  "notBefore" TIMESTAMP(3) NOT NULL,
  lease INTEGER NOT NULL DEFAULT 0,
  "sentAt" TIMESTAMP(3),
  message TEXT,
  CONSTRAINT lti_score_pkey PRIMARY KEY ("linkId", "userId"),
  CONSTRAINT "lti_score_linkId_fkey" FOREIGN KEY ("linkId") REFERENCES lti_link(id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "lti_score_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "lti_score_userId_idx" ON lti_score ("userId");
CREATE INDEX "lti_score_due_idx" ON lti_score ("notBefore") WHERE state = 'due';

-- Grades are computed. What changes one makes the links of its assignment be looked at.
CREATE FUNCTION look_at_lti_links() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'grading' THEN
    UPDATE lti_link SET "lookAt" = now() AT TIME ZONE 'UTC'
    WHERE "assignmentId" = (SELECT "assignmentId" FROM submission WHERE id = NEW."submissionId");
  ELSIF TG_TABLE_NAME = 'assignment' THEN
    UPDATE lti_link SET "lookAt" = now() AT TIME ZONE 'UTC' WHERE "assignmentId" = NEW.id;
  ELSE
    UPDATE lti_link SET "lookAt" = now() AT TIME ZONE 'UTC' WHERE "assignmentId" = NEW."assignmentId";
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER grade_lti AFTER INSERT ON grade FOR EACH ROW EXECUTE FUNCTION look_at_lti_links();
CREATE TRIGGER grading_lti AFTER INSERT OR UPDATE OF state ON grading FOR EACH ROW EXECUTE FUNCTION look_at_lti_links();
CREATE TRIGGER assignment_lti AFTER UPDATE ON assignment FOR EACH ROW EXECUTE FUNCTION look_at_lti_links();
