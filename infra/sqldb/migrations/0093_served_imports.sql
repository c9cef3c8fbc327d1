-- +goose Up
-- Access logs of a cache that were counted. The logs themselves hold people's
-- addresses and are not kept.
CREATE TABLE served_imports (
    id           TEXT PRIMARY KEY,
    hash         TEXT NOT NULL,
    filename     TEXT NOT NULL,
    by_person    TEXT NOT NULL,
    at           TIMESTAMP NOT NULL,
    committed_at TIMESTAMP,
    lines        BIGINT NOT NULL,
    counted      BIGINT NOT NULL,
    robots       BIGINT NOT NULL,
    skipped      BIGINT NOT NULL
);
CREATE UNIQUE INDEX served_imports_hash ON served_imports (hash) WHERE committed_at IS NOT NULL;
