-- +goose Up
-- The codes on students' cards, as keyed hashes. A card goes when its student is in
-- no class any more.
CREATE TABLE cards (
    person_id TEXT PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    hash      TEXT NOT NULL,
    made_at   TIMESTAMP
);

-- Enrolments with the day on which each really ends: nobody writes the end of
-- those that last to the end of the school year.
CREATE VIEW lasting_enrolments AS
SELECT s.person_id, s.class_id, s.from_day, COALESCE(NULLIF(s.to_day, ''), y.to_day, '') AS to_day
  FROM seen_enrolments AS s
  JOIN classes AS c ON c.id = s.class_id
  LEFT JOIN school_years AS y ON y.code = c.year;
