-- +goose Up

CREATE TABLE packages (
    id           TEXT PRIMARY KEY,
    lesson_id    TEXT NOT NULL REFERENCES lessons (id),
    recording_id TEXT NOT NULL,
    state        TEXT NOT NULL,
    facts        TEXT NOT NULL,
    plan         TEXT NOT NULL,
    duration     DOUBLE PRECISION NOT NULL,
    created_at   TIMESTAMP,
    playable_at  TIMESTAMP,
    finished_at  TIMESTAMP,
    retired_at   TIMESTAMP
);
CREATE INDEX packages_lesson ON packages (lesson_id, id);
CREATE INDEX packages_retired ON packages (retired_at) WHERE retired_at IS NOT NULL;

CREATE TABLE segments (
    package_id  TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,
    rung        TEXT NOT NULL,
    piece       BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    duration    DOUBLE PRECISION NOT NULL,
    storage_key TEXT NOT NULL,
    size        BIGINT NOT NULL,
    sha256      TEXT NOT NULL,
    PRIMARY KEY (package_id, rung, piece, position)
);
