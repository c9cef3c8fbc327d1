-- +goose Up
-- What other channels announce, and the guides that it was read from.
CREATE TABLE programmes (
    id          TEXT PRIMARY KEY,
    channel_id  TEXT NOT NULL REFERENCES channels (id),
    title       TEXT NOT NULL,
    description TEXT NOT NULL,
    category    TEXT NOT NULL,
    grade       BIGINT NOT NULL,
    lesson_id   TEXT NOT NULL,
    starts_at   TIMESTAMP NOT NULL,
    ends_at     TIMESTAMP NOT NULL,
    import_id   TEXT NOT NULL
);
CREATE INDEX programmes_channel ON programmes (channel_id, starts_at);
CREATE INDEX programmes_start ON programmes (starts_at);

CREATE TABLE guide_imports (
    id           TEXT PRIMARY KEY,
    channel_id   TEXT NOT NULL,
    filename     TEXT NOT NULL,
    hash         TEXT NOT NULL,
    data         BYTEA NOT NULL,
    options      TEXT NOT NULL,
    by_person    TEXT NOT NULL,
    at           TIMESTAMP NOT NULL,
    committed_at TIMESTAMP,
    listed       BIGINT NOT NULL
);
CREATE INDEX guide_imports_channel ON guide_imports (channel_id, committed_at);
