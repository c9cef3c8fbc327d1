-- +goose Up
-- What viewers say is wrong with a lesson. "reporter" tells viewers apart and
-- names nobody; person_id is there only for somebody signed in, who may read the
-- answer, have it given out, and have it erased. Rows go 90 days after the
-- first report, answered or not.
CREATE TABLE problems (
    id          TEXT PRIMARY KEY,
    lesson_id   TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
    kind        TEXT NOT NULL,
    text        TEXT NOT NULL,
    times       BIGINT NOT NULL,
    reporter    TEXT NOT NULL,
    person_id   TEXT NOT NULL,
    first_at    TIMESTAMP NOT NULL,
    last_at     TIMESTAMP NOT NULL,
    state       TEXT NOT NULL,
    answer      TEXT NOT NULL,
    answered_by TEXT NOT NULL,
    answered_at TIMESTAMP
);
CREATE UNIQUE INDEX problems_open ON problems (lesson_id, kind, reporter) WHERE state = 'open';
CREATE INDEX problems_lesson ON problems (lesson_id, state, kind);
CREATE INDEX problems_person ON problems (person_id);
CREATE INDEX problems_first ON problems (first_at);
