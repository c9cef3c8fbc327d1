-- +goose Up
CREATE TABLE captions (
    lesson_id   TEXT NOT NULL REFERENCES lessons (id),
    language    TEXT NOT NULL,
    storage_key TEXT NOT NULL,
    body        TEXT NOT NULL,
    cues        BIGINT NOT NULL,
    size        BIGINT NOT NULL,
    source      TEXT NOT NULL,
    offered     BOOLEAN NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    updated_by  TEXT NOT NULL,
    PRIMARY KEY (lesson_id, language)
);
CREATE TABLE chapters (
    lesson_id TEXT NOT NULL REFERENCES lessons (id),
    at_ms     BIGINT NOT NULL,
    title     TEXT NOT NULL,
    PRIMARY KEY (lesson_id, at_ms)
);
