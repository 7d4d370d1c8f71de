-- When the next attempt to sign in is checked, by account and address. The key is a SHA-256: no address is kept.
CREATE TABLE sign_in_attempt (
  key TEXT NOT NULL,
  count INTEGER NOT NULL,
  "checkedAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (key)
);
CREATE INDEX "sign_in_attempt_checkedAt_idx" ON sign_in_attempt ("checkedAt");
