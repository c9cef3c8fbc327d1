-- +goose Up

-- Entries from before the chain have number 0 until they are sealed, right
-- after this migration.
ALTER TABLE audit_entries ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_entries ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_entries ADD COLUMN place_salt TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_entries ADD COLUMN place_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_entries ADD COLUMN salt TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_entries ADD COLUMN content_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_entries ADD COLUMN previous TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_entries ADD COLUMN hash TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_entries ADD COLUMN erased BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX audit_number ON audit_entries (number) WHERE number > 0;
CREATE INDEX audit_actor ON audit_entries (actor, number);

-- The end of the chain: one row, locked by whoever adds to it.
CREATE TABLE audit_head (
    id     BIGINT PRIMARY KEY,
    number BIGINT NOT NULL,
    hash   TEXT NOT NULL
);
INSERT INTO audit_head (id, number, hash) VALUES (1, 0, '');
