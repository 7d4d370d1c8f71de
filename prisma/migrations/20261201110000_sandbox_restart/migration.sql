-- Whether a sandbox is started again when it has ended by itself or its machine was restarted.
ALTER TABLE sandbox ADD COLUMN restart TEXT NOT NULL DEFAULT 'no';
-- Somebody stopped it, or wanted to.
ALTER TABLE sandbox ADD COLUMN "stopWanted" BOOLEAN NOT NULL DEFAULT FALSE;
-- When it may be started again, and how often that was tried since it last ran for a while.
ALTER TABLE sandbox ADD COLUMN "restartAt" TIMESTAMP(3);
ALTER TABLE sandbox ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
-- Who is down now was stopped before anybody could want otherwise.
UPDATE sandbox SET "stopWanted" = TRUE WHERE state = 'stopped';
