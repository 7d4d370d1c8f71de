-- Students have no callbacks: they are signed with the secret of the tenant. Those that wait are forgotten.
UPDATE run SET "callbackAt" = NULL WHERE "ownerId" <> '' AND "callbackAt" IS NOT NULL;
