-- +goose Up
-- Who viewed a lesson on a day, as a list of viewers' numbers: distinct viewers
-- of any period and group are read from these, two bytes a view.
ALTER TABLE viewers ADD COLUMN number BIGINT NOT NULL DEFAULT 0;

CREATE TABLE view_numbers (
    name TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);

CREATE TABLE view_sets (
    lesson_id TEXT NOT NULL,
    day       TEXT NOT NULL,
    viewers   BYTEA NOT NULL,
    PRIMARY KEY (lesson_id, day)
);
