-- +goose Up
CREATE TABLE broadcast_copies (
    id           TEXT PRIMARY KEY,
    lesson_id    TEXT NOT NULL REFERENCES lessons (id),
    channel_id   TEXT NOT NULL REFERENCES channels (id),
    package_id   TEXT NOT NULL,
    format       TEXT NOT NULL,
    state        TEXT NOT NULL,
    failure_code TEXT NOT NULL,
    house_number TEXT NOT NULL,
    storage_key  TEXT NOT NULL,
    size         BIGINT NOT NULL,
    sha256       TEXT NOT NULL,
    sheet        TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    finished_at  TIMESTAMP
);
CREATE INDEX broadcast_copies_lesson ON broadcast_copies (lesson_id, created_at);
