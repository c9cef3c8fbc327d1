-- +goose Up
-- Classes, their teachers and their students. Days are local days as text
-- ("2026-09-05"), which both engines compare in the same way.

CREATE TABLE classes (
    id        TEXT PRIMARY KEY,
    code      TEXT NOT NULL,
    school_id TEXT NOT NULL REFERENCES schools (id) ON DELETE CASCADE,
    year      TEXT NOT NULL,
    grade     BIGINT NOT NULL,
    name      TEXT NOT NULL,
    -- The join code on the students' cards.
    door      TEXT NOT NULL
);
CREATE UNIQUE INDEX classes_code ON classes (school_id, year, code);
CREATE UNIQUE INDEX classes_door ON classes (door);

CREATE TABLE class_teachers (
    class_id  TEXT NOT NULL REFERENCES classes (id) ON DELETE CASCADE,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    subject   TEXT NOT NULL,
    position  BIGINT NOT NULL,
    PRIMARY KEY (class_id, person_id, subject)
);
CREATE INDEX class_teachers_person ON class_teachers (person_id);

-- A student is a person without a password; code_key is the keyed hash of the
-- ministry's student code, which itself is never stored.
CREATE TABLE students (
    person_id TEXT PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    code_key  TEXT NOT NULL,
    batch     TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX students_key ON students (code_key);

CREATE TABLE enrolments (
    person_id  TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    class_id   TEXT NOT NULL REFERENCES classes (id) ON DELETE CASCADE,
    from_day   TEXT NOT NULL,
    to_day     TEXT NOT NULL, -- '' while it lasts
    -- batch is the import that brought the row, until that is settled: readers
    -- see the row from the moment the import's own row says so.
    batch      TEXT NOT NULL DEFAULT '',
    -- gone_batch is the import that takes the row away, until that is settled.
    gone_batch TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (person_id, class_id, from_day, batch)
);
CREATE INDEX enrolments_class ON enrolments (class_id, person_id);
CREATE INDEX enrolments_batch ON enrolments (batch) WHERE batch <> '';
CREATE INDEX enrolments_gone ON enrolments (gone_batch) WHERE gone_batch <> '';

-- The imports of areas, schools, classes, staff and rosters. visible_at is the
-- one value that makes all of an import seen.
CREATE TABLE roster_imports (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    filename   TEXT NOT NULL,
    hash       TEXT NOT NULL,
    data       BYTEA NOT NULL,
    by_person  TEXT NOT NULL,
    at         TIMESTAMP,
    visible_at TIMESTAMP,
    settled_at TIMESTAMP,
    counts     TEXT NOT NULL
);
CREATE INDEX roster_imports_open ON roster_imports (id) WHERE settled_at IS NULL;

-- What readers see.
CREATE VIEW seen_enrolments AS
SELECT e.person_id, e.class_id, e.from_day, e.to_day
  FROM enrolments AS e
 WHERE (e.batch = '' OR e.batch IN (SELECT i.id FROM roster_imports AS i WHERE i.settled_at IS NULL AND i.visible_at IS NOT NULL))
   AND (e.gone_batch = '' OR e.gone_batch NOT IN (SELECT i.id FROM roster_imports AS i WHERE i.settled_at IS NULL AND i.visible_at IS NOT NULL));
