-- +goose Up
-- Where a person stopped in a lesson, to go on with it on another device. It
-- goes when nobody has moved it for a school term (150 days), with the person,
-- and with the lesson. "finished" is the rule's answer, so that no rule is here.
CREATE TABLE bookmarks (
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
    at        DOUBLE PRECISION NOT NULL,
    length    DOUBLE PRECISION NOT NULL,
    finished  BOOLEAN NOT NULL,
    seen_at   TIMESTAMP NOT NULL,
    PRIMARY KEY (person_id, lesson_id)
);
CREATE INDEX bookmarks_latest ON bookmarks (person_id, finished, seen_at);
CREATE INDEX bookmarks_seen ON bookmarks (seen_at);
CREATE INDEX bookmarks_lesson ON bookmarks (lesson_id);
