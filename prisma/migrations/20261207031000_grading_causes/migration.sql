-- What tests came to, and why, in a form that is counted by the database: `tests` may hold NUL, which its JSON cannot.
ALTER TABLE grading ADD COLUMN causes JSONB;
