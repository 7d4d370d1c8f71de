-- The id that a request with an `Idempotency-Key` makes its sandbox under, chosen before anything is made, and until when
-- the server that is at it is to be waited for.
ALTER TABLE idempotency ADD COLUMN target TEXT;
ALTER TABLE idempotency ADD COLUMN "heldUntil" TIMESTAMP(3);
