-- +goose Up
-- Running backups. Until until_at no object is deleted that the backup's copy
-- of the database may name.
CREATE TABLE backup_holds (
    id       TEXT PRIMARY KEY,
    until_at TIMESTAMP NOT NULL
);

-- Objects whose deletion waits for the backups to end.
CREATE TABLE held_objects (
    storage_key TEXT PRIMARY KEY,
    asked_at    TIMESTAMP NOT NULL
);
