-- What the runs of a tenant take in the database, so that a quota on it costs a run one indexed read.
CREATE TABLE "run_storage" (
    "tenantId" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "run_storage_pkey" PRIMARY KEY ("tenantId")
);

ALTER TABLE "run_storage" ADD CONSTRAINT "run_storage_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Bytes of one run. 1024 stands for the columns of bounded length and the entries in indexes.
CREATE FUNCTION stored_bytes(one run) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS $$
  SELECT 1024 + octet_length(one.request)::BIGINT + coalesce(octet_length(one.result), 0) + octet_length(one.metadata::TEXT)
$$;

INSERT INTO run_storage SELECT "tenantId", sum(stored_bytes(run)) FROM run GROUP BY "tenantId";

CREATE FUNCTION count_stored_run() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO run_storage VALUES (NEW."tenantId", stored_bytes(NEW) - CASE TG_OP WHEN 'UPDATE' THEN stored_bytes(OLD) ELSE 0 END)
  ON CONFLICT ("tenantId") DO UPDATE SET bytes = run_storage.bytes + excluded.bytes;
  RETURN NULL;
END
$$;
CREATE TRIGGER run_stored AFTER INSERT ON run FOR EACH ROW EXECUTE FUNCTION count_stored_run();
CREATE TRIGGER run_result_stored AFTER UPDATE ON run FOR EACH ROW
  WHEN (OLD.result IS DISTINCT FROM NEW.result) EXECUTE FUNCTION count_stored_run();

-- Many at once, and of many tenants: their counters are locked in the order of their ids, so no two deletions wait for each other.
CREATE FUNCTION count_deleted_runs() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  freed RECORD;
BEGIN
  FOR freed IN SELECT "tenantId", sum(stored_bytes(gone::run)) AS bytes FROM gone GROUP BY "tenantId" ORDER BY "tenantId" LOOP
    UPDATE run_storage SET bytes = run_storage.bytes - freed.bytes WHERE "tenantId" = freed."tenantId";
  END LOOP;
  RETURN NULL;
END
$$;
CREATE TRIGGER runs_deleted AFTER DELETE ON run REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_runs();
