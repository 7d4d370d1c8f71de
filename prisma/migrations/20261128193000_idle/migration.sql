-- Sandboxes that nothing uses may be put to sleep, and are woken by use.
ALTER TABLE sandbox ADD COLUMN idle JSONB;
ALTER TABLE sandbox ADD COLUMN "activeAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE sandbox ADD COLUMN asleep TEXT;
