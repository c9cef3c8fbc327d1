-- +goose Up

ALTER TABLE persons ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE persons ADD COLUMN machine BOOLEAN NOT NULL DEFAULT FALSE;
-- An address names one person, or none.
CREATE UNIQUE INDEX persons_email ON persons (email) WHERE email <> '';

ALTER TABLE sessions ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- scopes are actions with a space between; none: whatever the person may.
ALTER TABLE sessions ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE tickets (
    hash       TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    person_id  TEXT REFERENCES persons (id) ON DELETE CASCADE,
    data       TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX tickets_person ON tickets (person_id, kind);
CREATE INDEX tickets_expires ON tickets (expires_at);

CREATE TABLE second_steps (
    person_id  TEXT PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    secret     TEXT NOT NULL,
    last_step  BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE recovery_codes (
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    hash      TEXT NOT NULL,
    PRIMARY KEY (person_id, hash)
);

CREATE TABLE person_links (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    person_id  TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX person_links_person ON person_links (person_id);
