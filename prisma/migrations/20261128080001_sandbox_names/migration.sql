-- Names of sandboxes were not unique. The oldest of each name keeps it; the others get the end of their id, longer and
-- longer until no two are the same. Nothing else of them changes.
DO $$
DECLARE
  suffix INTEGER := 4;
BEGIN
  LOOP
    UPDATE sandbox SET name = left(sandbox.name, 63 - suffix) || '-' || right(sandbox.id, suffix)
    FROM (
      SELECT id, row_number() OVER (PARTITION BY "tenantId", name ORDER BY "createdAt", id) AS place
      FROM sandbox WHERE "deletedAt" IS NULL
    ) AS numbered
    WHERE numbered.id = sandbox.id AND numbered.place > 1;
    EXIT WHEN NOT FOUND;
    suffix := least(suffix + 4, 23);
  END LOOP;
END
$$;

CREATE UNIQUE INDEX "sandbox_tenantId_name_key" ON sandbox ("tenantId", name) WHERE "deletedAt" IS NULL;
