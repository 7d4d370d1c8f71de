-- What a node had when it was last seen: what is only on a node that is away is not there at present, rather than unknown.
ALTER TABLE "node" ADD COLUMN "templates" JSONB NOT NULL DEFAULT '[]';
