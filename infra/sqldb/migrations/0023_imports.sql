-- +goose Up
-- Files of figures as they came, and what was made of them.
CREATE TABLE figure_imports (
    id           TEXT PRIMARY KEY,
    channel_id   TEXT NOT NULL,
    filename     TEXT NOT NULL,
    hash         TEXT NOT NULL,
    data         BYTEA NOT NULL,
    defaults     TEXT NOT NULL,
    by_person    TEXT NOT NULL,
    at           TIMESTAMP NOT NULL,
    committed_at TIMESTAMP,
    added        BIGINT NOT NULL
);
CREATE UNIQUE INDEX figure_imports_hash ON figure_imports (hash) WHERE committed_at IS NOT NULL;
CREATE INDEX figure_imports_channel ON figure_imports (channel_id, committed_at);
CREATE INDEX figures_usual ON figures (channel_id, metric, unit, grade, at);
