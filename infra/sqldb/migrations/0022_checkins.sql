-- +goose Up
CREATE TABLE checkin_codes (
    code       TEXT PRIMARY KEY,
    copy_id    TEXT NOT NULL,
    lesson_id  TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    second     BOOLEAN NOT NULL,
    moment_ms  BIGINT NOT NULL
);
CREATE UNIQUE INDEX checkin_codes_copy ON checkin_codes (copy_id, second);

CREATE TABLE checkins (
    airing_id TEXT NOT NULL REFERENCES airings (id),
    viewer    TEXT NOT NULL,
    code      TEXT NOT NULL,
    at        TIMESTAMP NOT NULL,
    stayed_at TIMESTAMP,
    repeated  BOOLEAN NOT NULL,
    state     TEXT NOT NULL,
    stayed    BOOLEAN NOT NULL,
    PRIMARY KEY (airing_id, viewer)
);
CREATE INDEX checkins_viewer ON checkins (viewer);
