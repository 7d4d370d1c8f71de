-- Which installation this database belongs to: its nodes carry the same id. There is one row.
CREATE TABLE "installation" (
    "key" INTEGER NOT NULL DEFAULT 1,
    "id" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("key")
);

-- Ids of sandboxes whose rows were deleted. A sandbox that has neither a row nor one of these is not destroyed.
CREATE TABLE "deleted_sandbox" (
    "id" TEXT NOT NULL,
    "deletedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deleted_sandbox_pkey" PRIMARY KEY ("id")
);

-- Also for rows that go with their tenant.
CREATE FUNCTION remember_deleted_sandbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deleted_sandbox (id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER remember_deleted_sandbox AFTER DELETE ON sandbox
  FOR EACH ROW EXECUTE FUNCTION remember_deleted_sandbox();
