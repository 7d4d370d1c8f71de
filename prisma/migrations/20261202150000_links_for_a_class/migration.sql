-- An invitation without an address is for whoever has its link or its code, so often and no more.
ALTER TABLE invitation ALTER COLUMN email DROP NOT NULL;
ALTER TABLE invitation ADD COLUMN "maxUses" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE invitation ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;
