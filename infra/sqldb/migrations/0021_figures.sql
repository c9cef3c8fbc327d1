-- +goose Up
-- Television's figures: rows are only ever appended.
CREATE TABLE figures (
    id           TEXT PRIMARY KEY,
    airing_id    TEXT NOT NULL REFERENCES airings (id),
    lesson_id    TEXT NOT NULL,
    channel_id   TEXT NOT NULL,
    metric       TEXT NOT NULL,
    value        DOUBLE PRECISION NOT NULL,
    unit         TEXT NOT NULL,
    grade        TEXT NOT NULL,
    source       TEXT NOT NULL,
    method       TEXT NOT NULL,
    handed_in_by TEXT NOT NULL,
    import_id    TEXT NOT NULL,
    import_row   BIGINT NOT NULL,
    at           TIMESTAMP NOT NULL,
    replaces     TEXT NOT NULL
);
CREATE INDEX figures_airing ON figures (airing_id, at);
CREATE INDEX figures_lesson ON figures (lesson_id);
CREATE UNIQUE INDEX figures_replaces ON figures (replaces) WHERE replaces <> '';
