-- +goose Up
-- A write with an idempotency key reserves the key before it stores anything;
-- its answer then also keeps headers ("" in older rows: none were kept).
ALTER TABLE replays ADD COLUMN headers TEXT NOT NULL DEFAULT '';

CREATE TABLE replay_reservations (
    person     TEXT NOT NULL,
    replay_key TEXT NOT NULL,
    request    TEXT NOT NULL,
    seed       TEXT NOT NULL,
    token      TEXT NOT NULL,
    lease_to   TIMESTAMP,
    at         TIMESTAMP NOT NULL,
    PRIMARY KEY (person, replay_key)
);
CREATE INDEX replay_reservations_at ON replay_reservations (at);

INSERT INTO settings (name, value) VALUES ('migration 161', 'expands');
