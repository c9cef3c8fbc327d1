-- +goose Up
-- Devices that took a lesson home, once each however often the grant is renewed.
CREATE TABLE view_keeps (
    lesson_id TEXT NOT NULL,
    viewer    TEXT NOT NULL,
    day       TEXT NOT NULL,
    PRIMARY KEY (lesson_id, viewer)
);
