-- How people give points: criteria with levels, as JSON. What was chosen is kept with the grade, in the words of that time.
ALTER TABLE assignment ADD COLUMN rubric JSONB NOT NULL DEFAULT '[]';
ALTER TABLE grade ADD COLUMN levels JSONB;
