-- +goose Up
-- What classes said of an airing; rows are only appended, and the newest of a
-- class stands. Children's names are kept apart, until the term's end plus six
-- months, like viewers; the counts stay.
CREATE TABLE roll_calls (
    id        TEXT PRIMARY KEY,
    airing_id TEXT NOT NULL REFERENCES airings (id),
    class_id  TEXT NOT NULL,
    asked     BIGINT NOT NULL,
    watched   BIGINT NOT NULL,
    named     BOOLEAN NOT NULL,
    by_person TEXT NOT NULL,
    at        TIMESTAMP NOT NULL,
    replaces  TEXT NOT NULL
);
CREATE INDEX roll_calls_airing ON roll_calls (airing_id, class_id);
CREATE UNIQUE INDEX roll_calls_replaces ON roll_calls (replaces, airing_id, class_id);

CREATE TABLE roll_call_names (
    roll_call_id TEXT NOT NULL REFERENCES roll_calls (id) ON DELETE CASCADE,
    person_id    TEXT NOT NULL,
    PRIMARY KEY (roll_call_id, person_id)
);

-- The classes that chance chose to be asked about an airing, with all that is
-- needed to draw them again.
CREATE TABLE class_draws (
    id         TEXT PRIMARY KEY,
    airing_id  TEXT NOT NULL REFERENCES airings (id),
    seed       TEXT NOT NULL,
    frame      BIGINT NOT NULL,
    frame_hash TEXT NOT NULL,
    population BIGINT NOT NULL,
    classes    TEXT NOT NULL,
    by_person  TEXT NOT NULL,
    at         TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX class_draws_airing ON class_draws (airing_id);

-- Who a small group's few viewers are is asked by number.
CREATE INDEX viewers_number ON viewers (number);
