-- +goose Up

CREATE TABLE jobs (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    unique_key   TEXT NOT NULL,
    subject      TEXT NOT NULL,
    args         TEXT NOT NULL,
    state        TEXT NOT NULL,
    priority     BIGINT NOT NULL,
    attempt      BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    run_at       TIMESTAMP NOT NULL,
    lease_until  TIMESTAMP,
    token        BIGINT NOT NULL,
    worker       TEXT NOT NULL,
    progress     DOUBLE PRECISION NOT NULL,
    cancel_asked BOOLEAN NOT NULL,
    last_error   TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    finished_at  TIMESTAMP
);
-- A key is taken only while its job waits or runs.
CREATE UNIQUE INDEX jobs_key ON jobs (kind, unique_key) WHERE unique_key <> '' AND state IN ('waiting', 'running');
-- The order of claiming; finished jobs cost nothing here.
CREATE INDEX jobs_due ON jobs (priority, run_at, id) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_subject ON jobs (subject);
CREATE INDEX jobs_created ON jobs (created_at, id);
