-- Minutes in which students work on assignments (docs/decisions/0124-statistics-tell-of-the-class.md), and what the operator says of them.
CREATE TABLE privacy (
  key INTEGER NOT NULL DEFAULT 1,
  "timeStatistics" BOOLEAN NOT NULL DEFAULT true,
  "studentTimes" BOOLEAN NOT NULL DEFAULT false,
  "activityDays" INTEGER NOT NULL DEFAULT 180,
  CONSTRAINT privacy_pkey PRIMARY KEY (key)
);
INSERT INTO privacy DEFAULT VALUES;

ALTER TABLE class ADD COLUMN "studentTimes" BOOLEAN NOT NULL DEFAULT false;

CREATE TABLE active_time (
  "assignmentId" TEXT NOT NULL,
  "userId" TEXT NOT NULL,
  day DATE NOT NULL,
  minutes INTEGER NOT NULL,
  "shownMinutes" INTEGER NOT NULL,
  "lastAt" TIMESTAMP(3) NOT NULL,
  CONSTRAINT active_time_pkey PRIMARY KEY ("assignmentId", "userId", day),
  CONSTRAINT "active_time_assignmentId_fkey" FOREIGN KEY ("assignmentId") REFERENCES assignment(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "active_time_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "active_time_userId_idx" ON active_time ("userId");
CREATE INDEX active_time_day_idx ON active_time (day);
