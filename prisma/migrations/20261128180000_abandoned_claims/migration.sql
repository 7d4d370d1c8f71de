-- Claims that a node did not answer, so that the sandbox was made on another one: nobody was told of what the node may
-- have made all the same.
CREATE TABLE "abandoned_claim" (
    "id" TEXT NOT NULL,
    "nodeId" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "abandoned_claim_pkey" PRIMARY KEY ("id", "nodeId")
);

-- Gives a sandbox that is being made to another node, unless another call goes on with it.
CREATE FUNCTION move_creation(sandbox_id TEXT, by_call TEXT, from_node TEXT, to_node TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sandbox SET "nodeId" = to_node WHERE id = sandbox_id AND creation = by_call AND "nodeId" = from_node;
  IF NOT FOUND THEN RETURN FALSE; END IF;
  INSERT INTO abandoned_claim (id, "nodeId") VALUES (sandbox_id, from_node) ON CONFLICT DO NOTHING;
  -- It may have been abandoned there before.
  DELETE FROM abandoned_claim WHERE id = sandbox_id AND "nodeId" = to_node;
  RETURN TRUE;
END
$$;
