-- +goose Up
CREATE TABLE worksheets (
    id          TEXT PRIMARY KEY,
    lesson_id   TEXT NOT NULL REFERENCES lessons (id),
    name        TEXT NOT NULL,
    type        TEXT NOT NULL,
    storage_key TEXT NOT NULL,
    size        BIGINT NOT NULL,
    sha256      TEXT NOT NULL,
    width       BIGINT NOT NULL,
    height      BIGINT NOT NULL,
    by_person   TEXT NOT NULL,
    created_at  TIMESTAMP NOT NULL
);
CREATE INDEX worksheets_lesson ON worksheets (lesson_id, id);
