-- +goose Up
-- Stations' as-run logs as they came.
CREATE TABLE asrun_imports (
    id           TEXT PRIMARY KEY,
    channel_id   TEXT NOT NULL,
    filename     TEXT NOT NULL,
    hash         TEXT NOT NULL,
    data         BYTEA NOT NULL,
    mapping      TEXT NOT NULL,
    by_person    TEXT NOT NULL,
    at           TIMESTAMP NOT NULL,
    committed_at TIMESTAMP,
    reported     BIGINT NOT NULL
);
CREATE UNIQUE INDEX asrun_imports_hash ON asrun_imports (hash) WHERE committed_at IS NOT NULL;
CREATE INDEX asrun_imports_channel ON asrun_imports (channel_id, committed_at);
