-- +goose Up
-- Media that went out, for comparison with what was watched.
CREATE TABLE view_served (
    lesson_id TEXT NOT NULL,
    day       TEXT NOT NULL,
    source    TEXT NOT NULL,
    media_ms  BIGINT NOT NULL,
    bytes     BIGINT NOT NULL,
    PRIMARY KEY (lesson_id, day, source)
);
CREATE INDEX view_served_day ON view_served (day);
