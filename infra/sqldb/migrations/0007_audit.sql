-- +goose Up

CREATE TABLE audit_entries (
    id           TEXT PRIMARY KEY,
    at           TIMESTAMP NOT NULL,
    actor        TEXT NOT NULL,
    action       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    detail       TEXT NOT NULL,
    state_before TEXT NOT NULL,
    state_after  TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit_entries (subject, at, id);
