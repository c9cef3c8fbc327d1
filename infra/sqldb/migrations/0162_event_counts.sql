-- +goose Up
-- Events that are limited (wrong passwords, wrong codes, reports), counted for
-- all processes. key is a keyed hash of what is counted. Times are milliseconds
-- since 1970; rows are removed after expires_ms. Nothing that was there changes.
CREATE TABLE event_counts (
    key        TEXT PRIMARY KEY,
    n          DOUBLE PRECISION NOT NULL,
    first_ms   BIGINT NOT NULL,
    last_ms    BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX event_counts_expires ON event_counts (expires_ms);

INSERT INTO settings (name, value) VALUES ('migration 162', 'expands');
