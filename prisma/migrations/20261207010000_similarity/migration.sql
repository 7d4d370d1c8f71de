-- How similar the hand-ins for an assignment are: one result, of what was there then (`key`). Whoever computes it leases the row.
CREATE TABLE assignment_similarity (
  "assignmentId" TEXT NOT NULL,
  key TEXT,
  report JSONB,
  at TIMESTAMP(3),
  holder TEXT,
  "leaseUntil" TIMESTAMP(3),
  CONSTRAINT assignment_similarity_pkey PRIMARY KEY ("assignmentId"),
  CONSTRAINT "assignment_similarity_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE CASCADE ON UPDATE CASCADE
);

-- With a hand-in goes what was found in it, also while that is being computed.
CREATE FUNCTION forget_similarity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM assignment_similarity WHERE "assignmentId" = OLD."assignmentId";
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_similarity AFTER DELETE ON submission FOR EACH ROW EXECUTE FUNCTION forget_similarity();
