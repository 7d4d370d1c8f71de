-- Of an assignment that was imported: what it was called where it comes from, so that it is found when it is imported again.
ALTER TABLE assignment ADD COLUMN origin TEXT;
