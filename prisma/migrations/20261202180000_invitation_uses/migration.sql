-- Who has joined by a link: each person once, so that nobody who was removed comes back by it, and nobody uses it up.
CREATE TABLE invitation_use (
  "invitationId" TEXT NOT NULL REFERENCES invitation (id) ON DELETE CASCADE ON UPDATE CASCADE,
  "userId" TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE,
  PRIMARY KEY ("invitationId", "userId")
);
CREATE INDEX "invitation_use_userId_idx" ON invitation_use ("userId");
