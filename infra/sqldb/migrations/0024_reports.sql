-- +goose Up
-- Frozen reports; content is kept byte for byte as it was hashed and signed.
CREATE TABLE reports (
    id         TEXT PRIMARY KEY,
    made_by    TEXT NOT NULL,
    made_at    TIMESTAMP NOT NULL,
    corrects   TEXT NOT NULL,
    content    BYTEA NOT NULL,
    hash       TEXT NOT NULL,
    signature  BYTEA NOT NULL,
    public_key BYTEA NOT NULL
);
CREATE INDEX reports_made ON reports (made_at);
