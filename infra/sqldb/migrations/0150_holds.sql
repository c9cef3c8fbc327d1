-- +goose Up
-- Who copies the house just now: until then no object that its copy of the
-- database may name is removed.
CREATE TABLE backup_holds (
    id       TEXT PRIMARY KEY,
    until_at TIMESTAMP NOT NULL
);

-- Objects whose removal waits for that.
CREATE TABLE held_objects (
    storage_key TEXT PRIMARY KEY,
    asked_at    TIMESTAMP NOT NULL
);
